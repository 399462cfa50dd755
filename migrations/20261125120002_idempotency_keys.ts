import type { Knex } from "knex";

/**
 * Answers that a program can get again with its request's Idempotency-Key; `status` is null while
 * that is in progress.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("idempotency_keys", (table) => {
    table.bigInteger("company_id").notNullable().references("companies.id").onDelete("CASCADE");
    table.text("key").notNullable();
    table.text("request_hash").notNullable();
    table.timestamp("created_at", { useTz: false }).notNullable().index();
    table.integer("status");
    table.text("body");
    table.primary(["company_id", "key"]);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("idempotency_keys");
}

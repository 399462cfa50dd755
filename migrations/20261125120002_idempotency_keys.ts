import type { Knex } from "knex";

/** Answers that a program may ask for again with the Idempotency-Key of its request; `status` is null while it is at work. */
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

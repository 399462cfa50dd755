import type { Knex } from "knex";

/** Who is signed in: the cookie carries a random id, the row its SHA-256. */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("company_sessions", (table) => {
    table.text("id_hash").primary();
    table
      .bigInteger("company_id")
      .notNullable()
      .references("companies.id")
      .onDelete("CASCADE")
      .index();
    table.timestamp("created_at", { useTz: false }).notNullable();
    table.timestamp("last_seen_at", { useTz: false }).notNullable();
    table.timestamp("expires_at", { useTz: false }).notNullable().index();
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("company_sessions");
}

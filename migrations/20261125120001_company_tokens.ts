import type { Knex } from "knex";

/**
 * API tokens: the holder acts for the company, as far as the token's scopes go. The row has its
 * SHA-256.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("company_tokens", (table) => {
    table.bigIncrements("id");
    table
      .bigInteger("company_id")
      .notNullable()
      .references("companies.id")
      .onDelete("CASCADE")
      .index();
    table.text("name").notNullable();
    table.text("scopes").notNullable();
    table.text("token_hash").notNullable().unique();
    table.timestamp("created_at", { useTz: false }).notNullable();
    table.timestamp("expires_at", { useTz: false });
    table.timestamp("last_used_at", { useTz: false });
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("company_tokens");
}

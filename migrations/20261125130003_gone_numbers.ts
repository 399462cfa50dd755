import type { Knex } from "knex";

/** Assigned numbers that Twilio no longer lists among the account's, until it does again. */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("gone_numbers", (table) => {
    table.text("phone_number").primary();
    table.timestamp("since", { useTz: false }).notNullable();
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("gone_numbers");
}

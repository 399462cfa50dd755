import type { Knex } from "knex";

/**
 * The way back into an account. Links and codes are stored as their SHA-256, and a link is bound to
 * the address that the company had, or had asked for, when it was made.
 */
export async function up(db: Knex): Promise<void> {
  const ofCompany = (table: Knex.CreateTableBuilder) =>
    table.bigInteger("company_id").notNullable().references("companies.id").onDelete("CASCADE");

  await db.schema.createTable("account_links", (table) => {
    table.text("token_hash").primary();
    ofCompany(table).index();
    table.text("purpose").notNullable();
    table.text("via").notNullable();
    table.text("address").notNullable();
    table.text("code_hash");
    table.timestamp("expires_at", { useTz: false }).notNullable().index();
  });
  await db.schema.createTable("recovery_codes", (table) => {
    table.text("code_hash").primary();
    ofCompany(table).index();
    table.text("batch").notNullable();
    table.timestamp("made_at", { useTz: false }).notNullable();
    table.timestamp("spent_at", { useTz: false });
  });
  await db.schema.createTable("verified_emails", (table) => {
    ofCompany(table).primary();
    table.text("email").notNullable();
    table.timestamp("verified_at", { useTz: false }).notNullable();
  });
  await db.schema.createTable("email_changes", (table) => {
    ofCompany(table).primary();
    table.text("email").notNullable();
    table.timestamp("asked_at", { useTz: false }).notNullable();
  });
  await db.schema.createTable("mail_queue", (table) => {
    table.bigIncrements("id");
    table.text("kind").notNullable();
    table.bigInteger("company_id").references("companies.id").onDelete("CASCADE").index();
    table.text("address").notNullable();
    // For kinds of which an address needs only one at a time.
    table.text("once").unique();
    table.text("message_id").notNullable().unique();
    table.timestamp("queued_at", { useTz: false }).notNullable();
    table.timestamp("next_try_at", { useTz: false }).notNullable().index();
    table.integer("tries").notNullable().defaultTo(0);
    table.text("why");
    table.timestamp("given_up_at", { useTz: false });
  });
}

export async function down(db: Knex): Promise<void> {
  for (const table of [
    "mail_queue",
    "email_changes",
    "verified_emails",
    "recovery_codes",
    "account_links",
  ]) {
    await db.schema.dropTable(table);
  }
}

import type { Knex } from "knex";

/**
 * Mail about missed calls and messages: to whom, about which calls, and how its readers stop it.
 */
export async function up(db: Knex): Promise<void> {
  const ofCompany = (table: Knex.CreateTableBuilder) =>
    table.bigInteger("company_id").notNullable().references("companies.id").onDelete("CASCADE");

  await db.schema.createTable("told_addresses", (table) => {
    ofCompany(table);
    table.text("email").notNullable();
    table.timestamp("added_at", { useTz: false }).notNullable();
    // Until a reader of that mailbox has confirmed, nothing else is sent there.
    table.timestamp("confirmed_at", { useTz: false });
    table.primary(["company_id", "email"]);
  });
  await db.schema.createTable("told_links", (table) => {
    table.text("token_hash").primary();
    ofCompany(table).index();
    table.text("email").notNullable();
    table.timestamp("made_at", { useTz: false }).notNullable().index();
  });
  await db.schema.createTable("calls_to_tell", (table) => {
    table.text("call_sid").primary();
    ofCompany(table);
    table.timestamp("noted_at", { useTz: false }).notNullable();
    table.timestamp("told_at", { useTz: false });
    table.index(["company_id", "told_at"], "calls_to_tell_of_company");
  });
  await db.raw("create index calls_not_told on calls_to_tell (noted_at) where told_at is null");
  await db.schema.createTable("idle_told", (table) => {
    table.text("phone_number").primary();
    table.timestamp("told_at", { useTz: false }).notNullable();
  });
  // What a mail is about: SIDs of calls.
  await db.schema.alterTable("mail_queue", (table) => table.text("about"));
}

export async function down(db: Knex): Promise<void> {
  await db.raw("alter table mail_queue drop column about");
  for (const table of ["idle_told", "calls_to_tell", "told_links", "told_addresses"]) {
    await db.schema.dropTable(table);
  }
}

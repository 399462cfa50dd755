import type { Knex } from "knex";

/**
 * More about an account: where a session is used, the time zone, whether the account is frozen or
 * erased, and the messages at Twilio that must be deleted with it.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable("company_sessions", (table) => {
    // Older sessions have neither.
    table.text("address");
    table.text("user_agent");
  });
  // Old calls are deleted, whoever they belong to.
  await db.schema.alterTable("calls", (table) => table.index(["started_at"], "calls_by_time"));
  await db.schema.createTable("company_time_zones", (table) => {
    table.bigInteger("company_id").primary().references("companies.id").onDelete("CASCADE");
    table.text("time_zone").notNullable();
  });
  await db.schema.createTable("closed_companies", (table) => {
    table.bigInteger("company_id").primary().references("companies.id").onDelete("CASCADE");
    table.text("state").notNullable();
    table.check("state in ('frozen', 'erased')");
    table.timestamp("since", { useTz: false }).notNullable();
  });
  await db.schema.createTable("recordings_to_delete", (table) => {
    table.text("recording_sid").primary();
    table.timestamp("since", { useTz: false }).notNullable();
    table.timestamp("next_try_at", { useTz: false }).notNullable().index();
    table.integer("tries").notNullable().defaultTo(0);
    // Why the last try failed, in words without a secret.
    table.text("failure");
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("recordings_to_delete");
  await db.schema.dropTable("closed_companies");
  await db.schema.dropTable("company_time_zones");
  await db.raw("drop index calls_by_time");
  await db.raw("alter table company_sessions drop column user_agent");
  await db.raw("alter table company_sessions drop column address");
}

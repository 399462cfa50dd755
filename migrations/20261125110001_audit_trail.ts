import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * What happened to accounts, for later inquiry. Companies are ids without foreign keys, so that
 * what a company did outlives its row. The rules let nothing be changed, and nothing younger than
 * `audit_kept.since` be deleted.
 */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  await db.schema.createTable("audit_events", (table) => {
    table.bigIncrements("id");
    table.timestamp("at", { useTz: false }).notNullable().index();
    table.text("event").notNullable();
    table.bigInteger("company_id");
    table.text("actor").notNullable();
    table.text("address");
    table.text("request_id");
    table.text("details");
    // SQLite's BEFORE INSERT triggers see -1 if no id is given.
    table.check("id > 0", [], "audit_events_id");
    table.index(["company_id", "id"]);
  });
  await db.schema.createTable("audit_kept", (table) => {
    table.integer("id").primary();
    table.timestamp("since", { useTz: false }).notNullable();
    table.check("id = 1", [], "audit_kept_once");
  });
  await db("audit_kept").insert({ id: 1, since: "1970-01-01 00:00:00" });
  await install(db);
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("audit_events");
  await db.schema.dropTable("audit_kept");
}

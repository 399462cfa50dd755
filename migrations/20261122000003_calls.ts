import type { Knex } from "knex";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";

/**
 * The call log, and how each company wants its calls handled.
 *
 * A call's row holds facts that only ever move forward, and the database itself says what they
 * amount to: `outcome` is generated from them, so that it is right in whatever order they came.
 */
export async function up(db: Knex): Promise<void> {
  for (const table of ["calls", "company_call_handling"]) {
    if (await db.schema.hasTable(table)) {
      throw new TableInTheWayError(
        `There is a table “${table}” already that is not this program's. Nothing was changed. Rename it and migrate again.`,
      );
    }
  }
  await db.schema.createTable("company_call_handling", (table) => {
    table.bigInteger("company_id").primary().references("companies.id").onDelete("CASCADE");
    table.text("greeting").notNullable();
    table.text("mode").notNullable();
    table.check("mode in ('phone', 'sip', 'stream', 'message')");
    table.text("target");
    table.check("(mode = 'message') = (target is null)");
    table.integer("ring_seconds").notNullable();
    table.boolean("take_message_when_unanswered").notNullable();
  });
  await db.schema.createTable("calls", (table) => {
    table.text("call_sid").primary();
    // A callback that comes before all others may not say who called whom.
    table.text("from_number");
    table.text("to_number");
    // Whose number it was when the call came; null if nobody's.
    table.bigInteger("company_id").references("companies.id");
    // What the caller was connected to; null until the voice webhook has said.
    table.text("route");
    table.check("route in ('phone', 'sip', 'stream', 'message', 'nobody')");
    table.text("twilio_status").notNullable();
    table.text("dial_result");
    table.check("dial_result in ('answered', 'busy', 'no-answer', 'failed', 'canceled')");
    table.text("recording_url");
    table.integer("recording_seconds");
    // Twilio may find in the end that nothing was said.
    table.boolean("recording_absent").notNullable().defaultTo(false);
    table.timestamp("started_at", { useTz: false }).notNullable();
    table.timestamp("answered_at", { useTz: false });
    table.timestamp("ended_at", { useTz: false });
    table.integer("seconds");
    table.specificType("outcome", `text generated always as (${outcome}) stored`);
    // Keyset pages, newest first; nobody's calls are those without a company.
    table.index(["company_id", "started_at", "call_sid"], "calls_of_company");
    table.index(["company_id", "outcome", "started_at", "call_sid"], "calls_of_company_by_outcome");
  });
}

const outcome = `case
  when to_number is null then 'in-progress'
  when company_id is null then 'unmatched'
  when dial_result = 'answered' then 'answered'
  when recording_url is not null and not recording_absent then 'message'
  when twilio_status not in ('completed', 'busy', 'failed', 'no-answer', 'canceled') then 'in-progress'
  when dial_result = 'busy' then 'busy'
  when dial_result = 'failed' or twilio_status = 'failed' then 'failed'
  when dial_result is null and route is null and twilio_status = 'completed' then 'failed'
  else 'missed' end`;

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("calls");
  await db.schema.dropTable("company_call_handling");
}

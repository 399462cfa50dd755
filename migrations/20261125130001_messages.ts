import type { Knex } from "knex";

/**
 * What a company did with a call: whether its message was heard or deleted, and whether the caller
 * was blocked. Unheard messages have an index of their own, since every page counts them.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable("calls", (table) => {
    table.timestamp("heard_at", { useTz: false });
    table.timestamp("message_deleted_at", { useTz: false });
    table.boolean("blocked").notNullable().defaultTo(false);
  });
  await sayOutcome(db, "when blocked then 'blocked'");
  await db.raw(`create index calls_unheard on calls (company_id)
                 where outcome = 'message' and heard_at is null and message_deleted_at is null`);
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop index calls_unheard");
  await sayOutcome(db, "");
  for (const column of ["blocked", "message_deleted_at", "heard_at"]) {
    await db.raw(`alter table calls drop column ${column}`);
  }
}

/**
 * What a call's facts amount to, as before, except that `first` decides once it is known whose call
 * it is.
 */
async function sayOutcome(db: Knex, first: string): Promise<void> {
  // SQLite cannot add a stored column to an existing table; the value is the same.
  const kind = (db.client as Knex.Client).config.client === "pg" ? "stored" : "virtual";
  await db.raw("drop index calls_of_company_by_outcome");
  await db.raw("alter table calls drop column outcome");
  await db.raw(`alter table calls add column outcome text generated always as (case
    when to_number is null then 'in-progress'
    when company_id is null then 'unmatched'
    ${first}
    when dial_result = 'answered' then 'answered'
    when (recording_sid is not null or recording_url is not null) and not recording_absent then 'message'
    when twilio_status not in ('completed', 'busy', 'failed', 'no-answer', 'canceled') then 'in-progress'
    when dial_result = 'busy' then 'busy'
    when dial_result = 'failed' or twilio_status = 'failed' then 'failed'
    when dial_result is null and route is null and twilio_status = 'completed' then 'failed'
    else 'missed' end) ${kind}`);
  await db.raw(`create index calls_of_company_by_outcome
                    on calls (company_id, outcome, started_at, call_sid)`);
}

import type { Knex } from "knex";

/**
 * From now on only a recording's SID is stored, and its address is built from that; addresses
 * already stored stay as they are. Calls in progress get an index of their own, since they are
 * counted whenever one comes.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable("calls", (table) => table.text("recording_sid"));
  await db.raw(`update calls set recording_sid = substr(recording_url, length(recording_url) - 33)
                 where substr(recording_url, length(recording_url) - 33) like 'RE%'`);
  await sayOutcome(db, "recording_sid is not null or recording_url is not null");
  await db.raw(
    "create index calls_going_on on calls (company_id, started_at) where ended_at is null",
  );
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop index calls_going_on");
  await db.raw("update calls set recording_url = recording_sid where recording_url is null");
  await sayOutcome(db, "recording_url is not null");
  await db.raw("alter table calls drop column recording_sid");
}

/**
 * What a call's facts amount to, as in the migration that made the table, except for what counts as
 * a recording.
 */
async function sayOutcome(db: Knex, hasRecording: string): Promise<void> {
  // SQLite cannot add a stored column to an existing table; the value is the same.
  const kind = (db.client as Knex.Client).config.client === "pg" ? "stored" : "virtual";
  await db.raw("drop index calls_of_company_by_outcome");
  await db.raw("alter table calls drop column outcome");
  await db.raw(`alter table calls add column outcome text generated always as (case
    when to_number is null then 'in-progress'
    when company_id is null then 'unmatched'
    when dial_result = 'answered' then 'answered'
    when (${hasRecording}) and not recording_absent then 'message'
    when twilio_status not in ('completed', 'busy', 'failed', 'no-answer', 'canceled') then 'in-progress'
    when dial_result = 'busy' then 'busy'
    when dial_result = 'failed' or twilio_status = 'failed' then 'failed'
    when dial_result is null and route is null and twilio_status = 'completed' then 'failed'
    else 'missed' end) ${kind}`);
  await db.raw(`create index calls_of_company_by_outcome
                    on calls (company_id, outcome, started_at, call_sid)`);
}

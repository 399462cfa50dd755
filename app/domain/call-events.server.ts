import type { Knex } from "knex";
import { query } from "#app/db.server.ts";
import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { DialResult } from "#app/domain/calls.server.ts";
import { toDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/**
 * What Twilio tells of calls. Its callbacks come twice, late and out of order, so each is one statement that adds the
 * facts it brings to the call's row, or makes the row: a fact only ever goes further, and any order of the same
 * callbacks ends in the same row.
 */

/** What every callback says of its call. */
export interface CallEvent {
  /** `CA` and 32 hex digits */
  callSid: string;
  /** recording and stream callbacks do not say who called whom */
  from?: string | undefined;
  to?: string | undefined;
  /** Twilio's CallStatus, where it comes along */
  status?: string | undefined;
  /** when it happened; defaults to now */
  at?: Date | undefined;
}

/** The voice webhook: a call came, and this is whose it is and what the caller was connected to. */
export async function recordIncomingCall(
  db: Knex,
  event: CallEvent,
  answer: { companyId: number; route: CallMode } | undefined,
): Promise<void> {
  await merge(db, event, {
    company_id: answer?.companyId ?? null,
    route: answer?.route ?? "nobody",
  });
}

/** @param seconds the whole call's, which Twilio says at its end */
export async function recordCallStatus(
  db: Knex,
  event: CallEvent,
  seconds?: number,
): Promise<void> {
  await merge(db, event, { seconds: seconds ?? null }, seconds);
}

/** @param seconds how long the two have spoken, where it was answered */
export async function recordDialResult(
  db: Knex,
  event: CallEvent,
  result: DialResult,
  seconds = 0,
): Promise<void> {
  await merge(
    db,
    event,
    {
      dial_result: result,
      answered_at: result === "answered" ? secondsBefore(event.at, seconds) : null,
    },
    seconds,
  );
}

/** @param recording its address and length in seconds, or "absent" where Twilio found nothing to keep after all */
export async function recordRecording(
  db: Knex,
  event: CallEvent,
  recording: { url: string; seconds: number } | "absent",
): Promise<void> {
  await merge(
    db,
    event,
    recording === "absent"
      ? { recording_absent: true }
      : {
          recording_url: recording.url,
          recording_seconds: recording.seconds,
        },
  );
}

/** Whether somebody, or the voice agent, has picked up, as far as the callbacks have told. */
export async function isAnswered(db: Knex, callSid: string): Promise<boolean> {
  const row: unknown = await db("calls")
    .where({ call_sid: callSid, dial_result: "answered" })
    .first("call_sid");
  return row !== undefined;
}

const finalStatuses = ["completed", "busy", "failed", "no-answer", "canceled"];
const statuses = ["queued", "initiated", "ringing", "in-progress"];

function secondsBefore(at = new Date(), seconds: number): DatabaseTime {
  return toDatabaseTime(new Date(at.getTime() - seconds * 1000));
}

const rank = (status: string) =>
  `case ${status} ${statuses.map((name, index) => `when '${name}' then ${index}`).join(" ")} else ${statuses.length} end`;

const first = (column: string) => `coalesce(calls.${column}, excluded.${column})`;
const pick = (column: string, comparison: "<" | ">") =>
  `case when calls.${column} is null or excluded.${column} ${comparison} calls.${column}
     then excluded.${column} else calls.${column} end`;

// The voice webhook knows the owner; of the others, the first that knows the number.
const ownerIsNew = `calls.to_number is null or (calls.route is null and excluded.route is not null)`;

const furthest = {
  from_number: first("from_number"),
  to_number: first("to_number"),
  company_id: `case when ${ownerIsNew} then excluded.company_id else calls.company_id end`,
  route: first("route"),
  // Of two final states the first stays.
  twilio_status: `case when ${rank("excluded.twilio_status")} > ${rank("calls.twilio_status")}
     then excluded.twilio_status else calls.twilio_status end`,
  dial_result: `case when excluded.dial_result = 'answered' then excluded.dial_result else ${first("dial_result")} end`,
  recording_url: first("recording_url"),
  recording_seconds: pick("recording_seconds", ">"),
  recording_absent: "(calls.recording_absent or excluded.recording_absent)",
  started_at: pick("started_at", "<"),
  answered_at: pick("answered_at", "<"),
  ended_at: pick("ended_at", "<"),
  seconds: pick("seconds", ">"),
};

type Column = keyof typeof furthest;
const columns = Object.keys(furthest) as Column[];

// The number's owner, where the callback itself does not know whose the call is.
const owner = "coalesce(?, (select id from companies where twilio_phone_number = ?))";

const mergeCall = {
  name: "merge call",
  sql: `insert into calls (call_sid, ${columns.join(", ")})
        values (?, ${columns.map((column) => (column === "company_id" ? owner : "?")).join(", ")})
        on conflict (call_sid) do update set
        ${columns.map((column) => `${column} = ${furthest[column]}`).join(", ")}`,
};

/**
 * @param facts those of the callback's own; with `company_id`, be it null, nobody looks for the number's owner
 * @param before seconds from the call's beginning to the event, as far as the event tells
 */
async function merge(
  db: Knex,
  { callSid, from, to, status = "", at }: CallEvent,
  facts: Partial<Record<Column, string | number | boolean | null>>,
  before = 0,
): Promise<void> {
  const isFinal = finalStatuses.includes(status);
  const row: typeof facts = {
    from_number: from,
    to_number: to,
    // What Twilio may yet invent is no final state.
    twilio_status: isFinal || statuses.includes(status) ? status : statuses[0],
    recording_absent: false,
    started_at: secondsBefore(at, before),
    ended_at: isFinal ? toDatabaseTime(at) : null,
    ...facts,
  };
  const lookUp = facts.company_id === undefined ? to : undefined;
  await query(db, mergeCall, [
    callSid,
    ...columns.flatMap((column) => [
      row[column] ?? null,
      ...(column === "company_id" ? [lookUp ?? null] : []),
    ]),
  ]);
}

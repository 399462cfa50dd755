import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { closedState } from "#app/domain/account-state.ts";
import { callModes, type CallMode } from "#app/domain/call-handling.server.ts";
import { noteCallToTell } from "#app/domain/calls-to-tell.server.ts";
import { unknownBefore } from "#app/domain/call-reasons.server.ts";
import type { DialResult } from "#app/domain/calls.server.ts";
import { queueRecordings } from "#app/domain/recordings-to-delete.server.ts";
import { toDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/**
 * What Twilio reports about calls. Its callbacks come twice, late and out of order, so each is one
 * statement that adds its facts to the call's row, or makes the row: facts only ever move forward,
 * and the same callbacks in any order end in the same row. Only the voice webhook makes a row for a
 * number that is not in the pool.
 */

/** What every callback says about its call. */
export interface CallEvent {
  /** `CA` and 32 hex digits */
  callSid: string;
  /** recording and stream callbacks do not say who called whom */
  from?: string | undefined;
  to?: string | undefined;
  /** Twilio's CallStatus, if sent */
  status?: string | undefined;
  /** when it happened; defaults to now */
  at?: Date | undefined;
}

/** How many calls of a company may go on at once. */
export const mostCallsAtOnce = 10;

/**
 * The company called, and what the caller is connected to; for `came-back`, `frozen` and `blocked`,
 * nothing.
 */
export interface CallAnswer {
  companyId: number;
  route: CallMode | "came-back" | "frozen" | "blocked";
}

/**
 * The voice webhook: a call came, for this company, and the caller was connected to this. On
 * PostgreSQL, calls that come within the same few milliseconds may not see each other, and so
 * exceed {@link mostCallsAtOnce}; the limit is against loops and fraud, which take seconds per
 * call.
 * @returns "too-many" if so many of the company's calls are in progress that this one must not be
 * connected
 */
export async function recordIncomingCall(
  db: Knex,
  event: CallEvent,
  answer: CallAnswer | undefined,
): Promise<"recorded" | "too-many"> {
  const cameBack = answer?.route === "came-back";
  const row = rowOf(cameBack ? { ...event, status: "failed" } : event, {
    company_id: answer?.companyId ?? null,
    route: answer && isMode(answer.route) ? answer.route : "nobody",
    blocked: answer?.route === "blocked",
    dial_result: cameBack ? "failed" : null,
  });
  const since = toDatabaseTime(unknownBefore(event.at?.getTime()));
  // The clocks of several servers may differ a little.
  const until = secondsBefore(event.at, -60);
  const [recorded] = await query<{ route: string; dial_result: string | null }>(db, mergeIncoming, [
    event.callSid,
    ...columns.map((column) => row[column] ?? null),
    event.callSid,
    row.company_id ?? null,
    since,
    until,
    event.callSid,
  ]);
  return recorded?.route === "nobody" && recorded.dial_result === "busy" ? "too-many" : "recorded";
}

const isMode = (route: CallAnswer["route"]): route is CallMode =>
  (callModes as readonly string[]).includes(route);

/** @param seconds the length of the whole call, which Twilio gives at its end */
export async function recordCallStatus(
  db: Knex,
  event: CallEvent,
  seconds?: number,
): Promise<void> {
  await merge(db, event, { seconds: seconds ?? null }, seconds);
  if (finalStatuses.includes(event.status ?? "")) await noteCallToTell(db, event.callSid);
}

/** @param seconds how long the two have spoken, if the call was answered */
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

/** The media stream has ended, and the call with it. */
export async function recordStreamEnd(db: Knex, event: CallEvent): Promise<void> {
  await merge(db, event, { ended_at: toDatabaseTime(event.at) });
}

/**
 * @param recording its SID and length in seconds, or "absent" if Twilio found nothing to keep after
 * all
 */
export async function recordRecording(
  db: Knex,
  event: CallEvent,
  recording: { sid: string; seconds: number } | "absent",
): Promise<void> {
  if (recording !== "absent" && (await isErased(db, event))) {
    return queueRecordings(db, [recording.sid]);
  }
  await merge(
    db,
    event,
    recording === "absent"
      ? { recording_absent: true }
      : {
          recording_sid: recording.sid,
          recording_seconds: recording.seconds,
        },
  );
  await noteCallToTell(db, event.callSid);
}

/** Whether the called company has been erased, perhaps during the call. */
async function isErased(db: Knex, { to = "" }: CallEvent): Promise<boolean> {
  const row: unknown = await db("companies as c")
    .join("closed_companies as x", "x.company_id", "c.id")
    .where({ "c.twilio_phone_number": to, "x.state": "erased" })
    .first("c.id");
  return row !== undefined;
}

/** Whether somebody, or the voice agent, has picked up, as far as the callbacks have said. */
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

// The voice webhook knows the owner; otherwise the first callback that knows the number does.
const ownerIsNew = `calls.to_number is null or (calls.route is null and excluded.route is not null)`;

const furthest = {
  from_number: first("from_number"),
  to_number: first("to_number"),
  company_id: `case when ${ownerIsNew} then excluded.company_id else calls.company_id end`,
  route: first("route"),
  // What the caller was first told stands, even if the block is lifted before Twilio asks again.
  blocked: "(calls.blocked or (calls.route is null and excluded.blocked))",
  // The first of two final states stands.
  twilio_status: `case when ${rank("excluded.twilio_status")} > ${rank("calls.twilio_status")}
     then excluded.twilio_status else calls.twilio_status end`,
  dial_result: `case when excluded.dial_result = 'answered' then excluded.dial_result else ${first("dial_result")} end`,
  recording_sid: first("recording_sid"),
  recording_seconds: pick("recording_seconds", ">"),
  recording_absent: "(calls.recording_absent or excluded.recording_absent)",
  started_at: pick("started_at", "<"),
  answered_at: pick("answered_at", "<"),
  ended_at: pick("ended_at", "<"),
  seconds: pick("seconds", ">"),
};

type Column = keyof typeof furthest;
const columns = Object.keys(furthest) as Column[];

// A callback does not know whose call it is: it belongs to the number's owner, unless that has been
// erased.
const owner = `(select c.id from companies c
                where c.twilio_phone_number = ? and coalesce(${closedState("c.id")}, '') <> 'erased')`;

const furtherOn = `on conflict (call_sid) do update set
        ${columns.map((column) => `${column} = ${furthest[column]}`).join(", ")}`;

const mergeCallback = {
  name: "merge callback",
  sql: `insert into calls (call_sid, ${columns.join(", ")})
        select ?, ${columns.map((column) => (column === "company_id" ? owner : "?")).join(", ")}
         where exists (select 1 from twilio_phone_numbers where phone_number = ?)
            or exists (select 1 from calls where call_sid = ?)
        ${furtherOn}`,
};

const whenFull = new Map<Column, string>([
  ["route", "nobody"],
  ["dial_result", "busy"],
  ["twilio_status", "busy"],
]);

const mergeIncoming = {
  name: "merge call",
  sql: `insert into calls (call_sid, ${columns.join(", ")})
        select ?, ${columns
          .map((column) =>
            whenFull.has(column)
              ? `case when cap.is_full then '${whenFull.get(column)}' else ? end`
              : "?",
          )
          .join(", ")}
          from (select count(*) >= ${mostCallsAtOnce}
                       and not exists (select 1 from calls where call_sid = ? and route is not null)
                       as is_full
                  from (select 1 from calls
                         where company_id = ? and ended_at is null and started_at > ? and started_at < ?
                           and call_sid <> ? and route <> 'nobody' and recording_sid is null
                           and (dial_result is null or (route = 'stream' and dial_result = 'answered'))
                         limit ${mostCallsAtOnce}) going_on) cap
         where true
        ${furtherOn}
        returning route, dial_result`,
};

type Facts = Partial<Record<Column, string | number | boolean | null>>;

/**
 * @param facts the callback's own; the call belongs to the number's owner
 * @param before seconds from the call's beginning to the event, if the event says
 */
async function merge(db: Knex, event: CallEvent, facts: Facts, before = 0): Promise<void> {
  const row = rowOf(event, facts, before);
  const to = event.to ?? null;
  await query(db, mergeCallback, [
    event.callSid,
    ...columns.map((column) => (column === "company_id" ? to : (row[column] ?? null))),
    to,
    event.callSid,
  ]);
}

function rowOf({ from, to, status = "", at }: CallEvent, facts: Facts, before = 0): Facts {
  const isFinal = finalStatuses.includes(status);
  return {
    from_number: from,
    to_number: to,
    // A state that Twilio may yet invent is not final.
    twilio_status: isFinal || statuses.includes(status) ? status : statuses[0],
    recording_absent: false,
    blocked: false,
    started_at: secondsBefore(at, before),
    ended_at: isFinal ? toDatabaseTime(at) : null,
    ...facts,
  };
}

import type { Knex } from "knex";
import { query } from "#app/db.server.ts";
import { reasonOf, type CallFacts } from "#app/domain/call-reasons.server.ts";
import {
  messageStateOf,
  type MessageFacts,
  type MessageState,
} from "#app/domain/messages.server.ts";
import { isDatabaseTime, toDatabaseTime, toRfc3339, type DatabaseTime } from "#app/domain/times.ts";
import { environment } from "#app/env.server.ts";

/**
 * The call log: one row a call, whose key is Twilio's call SID. call-events.server.ts writes it; what the facts of a
 * row amount to, its `outcome`, the database generates (migrations/20261122000003_calls.ts).
 * A call belongs to the company that owned the number when it came, and every query for a company names it.
 */

/** How a call ended, or that it has not. */
export const callOutcomes = [
  "in-progress",
  /** somebody, or the voice agent, picked up */
  "answered",
  /** the caller left a message */
  "message",
  /** nobody picked up, or the caller hung up first, and there is no message */
  "missed",
  "busy",
  /** it could not be connected: a fault of the phone's, the network's or ours */
  "failed",
  /** the company takes no calls from whoever called */
  "blocked",
  /** the number was nobody's; no company sees it */
  "unmatched",
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

/** A call as its company sees it. Times are RFC 3339, UTC. */
export interface Call {
  callSid: string;
  /** E.164, or what else the network says of the caller: `sip:…`, `anonymous`, nothing */
  from: string;
  /** E.164 */
  to: string;
  outcome: CallOutcome;
  /** the outcome as a sentence: why, and what happened */
  reason: string;
  startedAt: string;
  /** when somebody picked up */
  answeredAt: string | null;
  endedAt: string | null;
  /** from beginning to end, once it has ended */
  seconds: number | null;
  /** at Twilio, which asks for the account's SID and token; null too where the environment names no account */
  recordingUrl: string | null;
  recordingSeconds: number | null;
  /** null where the caller left none */
  message: MessageState | null;
  /** whether the company takes no calls from the caller now */
  callerBlocked: boolean;
}

/** What became of ringing the company's phone, SIP address or voice agent. */
export type DialResult = "answered" | "busy" | "no-answer" | "failed" | "canceled";

/** A page of a company's calls, newest first, or what is wrong with the query. */
export type CallPage =
  { ok: true; calls: Call[]; nextCursor: string | null } | { ok: false; invalid: "cursor" };

export interface CallQuery {
  /** calls a page */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
  outcome?: CallOutcome | undefined;
  /** calls that began at this second or later */
  since?: Date | undefined;
  /** calls that began before this second */
  until?: Date | undefined;
}

/** Keyset pages: calls that come meanwhile neither repeat one nor hide one. */
export async function listCalls(
  db: Knex,
  companyId: number,
  { limit, cursor, ...filters }: CallQuery,
): Promise<CallPage> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && !before) return { ok: false, invalid: "cursor" };
  const rows = await rowsOf(db, companyId, {
    limit: limit + 1,
    before,
    ...filters,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    ok: true,
    calls: page.map(fromRow),
    nextCursor: rows.length > limit && last ? encodeCursor(last) : null,
  };
}

/** The company's call of that SID; undefined where it has none such. */
export async function findCall(
  db: Knex,
  companyId: number,
  callSid: string,
): Promise<Call | undefined> {
  const row = await db("calls")
    .where({ call_sid: callSid, company_id: companyId })
    .first<Row | undefined>(columns);
  return row && fromRow(row);
}

/** Those of the company's calls that these are, oldest first. */
export async function findCalls(db: Knex, companyId: number, sids: string[]): Promise<Call[]> {
  const rows = await db("calls")
    .where({ company_id: companyId })
    .whereIn("call_sid", sids)
    .orderBy("started_at")
    .select<Row[]>(...columns, db.raw(callerBlocked));
  return rows.map(fromRow);
}

/** All the company's calls, newest first, read a page at a time: for an export, in constant memory. */
export async function* eachCall(
  db: Knex,
  companyId: number,
  outcome?: CallOutcome,
): AsyncGenerator<Call, void, undefined> {
  let before: Keyset | undefined;
  for (;;) {
    const rows = await rowsOf(db, companyId, { limit: 500, before, outcome });
    for (const row of rows) yield fromRow(row);
    const last = rows.at(-1);
    if (!last) return;
    before = [last.started_at, last.call_sid];
  }
}

/** Whether any call has reached the company. */
export async function wasCalled(db: Knex, companyId: number): Promise<boolean> {
  const rows = await query(db, anyCall, [companyId]);
  return rows.length > 0;
}

const anyCall = {
  name: "any call",
  sql: "select call_sid from calls where company_id = ? limit 1",
};

/** The newest calls to numbers that were nobody's, for the operator. */
export async function unmatchedCalls(db: Knex, count: number): Promise<Call[]> {
  const rows = await db("calls")
    .whereNull("company_id")
    .whereNotNull("to_number")
    .orderBy(newestFirst)
    .limit(count)
    .select<Row[]>(...columns, db.raw(callerBlocked));
  return rows.map(fromRow);
}

const newestFirst = [
  { column: "started_at", order: "desc" },
  { column: "call_sid", order: "desc" },
];

type Keyset = [startedAt: DatabaseTime, callSid: string];

function rowsOf(
  db: Knex,
  companyId: number,
  {
    limit,
    before,
    outcome,
    since,
    until,
  }: Omit<CallQuery, "cursor"> & { before?: Keyset | undefined },
): Promise<Row[]> {
  return db("calls")
    .where({ company_id: companyId, ...(outcome && { outcome }) })
    .modify((query) => {
      if (before) void query.whereRaw("(started_at, call_sid) < (?, ?)", before);
      if (since) void query.where("started_at", ">=", toDatabaseTime(since));
      if (until) void query.where("started_at", "<", toDatabaseTime(until));
    })
    .orderBy(newestFirst)
    .limit(limit)
    .select<Row[]>(...columns, db.raw(callerBlocked));
}

function encodeCursor(row: Row): string {
  return Buffer.from(`${row.started_at} ${row.call_sid}`).toString("base64url");
}

function decodeCursor(cursor: string): Keyset | undefined {
  const [, at, callSid] =
    /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (CA[0-9a-fA-F]{32})$/.exec(
      Buffer.from(cursor, "base64url").toString(),
    ) ?? [];
  return at && callSid && isDatabaseTime(at) ? [at, callSid] : undefined;
}

interface Row extends CallFacts, MessageFacts {
  outcome: CallOutcome;
  caller_blocked: boolean | number;
  call_sid: string;
  to_number: string | null;
  recording_sid: string | null;
  recording_seconds: number | null;
  recording_absent: boolean | number;
  answered_at: DatabaseTime | null;
  ended_at: DatabaseTime | null;
  seconds: number | null;
}

const columns = [
  "call_sid",
  "from_number",
  "to_number",
  "route",
  "twilio_status",
  "dial_result",
  "recording_sid",
  "recording_seconds",
  "recording_absent",
  "started_at",
  "answered_at",
  "ended_at",
  "seconds",
  "outcome",
  "heard_at",
  "message_deleted_at",
] as const satisfies (keyof Row)[];

const callerBlocked = `exists (select 1 from blocked_callers b
  where b.company_id = calls.company_id and b.caller = calls.from_number) as caller_blocked`;

/** SQL for a company's newest calls, as rows for {@link callFromRow}; its values are the company's id and how many. */
export const newestCalls = `select ${columns.join(", ")}, ${callerBlocked} from calls
  where company_id = ? order by started_at desc, call_sid desc limit ?`;

/** The columns of {@link newestCalls}. */
export const callColumns = [...columns, "caller_blocked"] as const;

export { fromRow as callFromRow, type Row as CallRow };

function fromRow(row: Row): Call {
  const message = messageStateOf(row);
  const recording = row.recording_absent || message === "deleted" ? null : row.recording_sid;
  const time = (at: DatabaseTime | null) => (at === null ? null : toRfc3339(at));
  return {
    callSid: row.call_sid,
    from: row.from_number ?? "",
    to: row.to_number ?? "",
    outcome: row.outcome,
    reason: reasonOf(row),
    startedAt: toRfc3339(row.started_at),
    answeredAt: time(row.answered_at),
    endedAt: time(row.ended_at),
    seconds: row.seconds,
    recordingUrl: recording === null ? null : recordingAddress(recording),
    recordingSeconds: recording === null ? null : row.recording_seconds,
    message,
    callerBlocked: Boolean(row.caller_blocked),
  };
}

// Twilio's documentation, "Recordings resource".
function recordingAddress(sid: string): string | null {
  const { TWILIO_ACCOUNT_SID, TWILIO_API_BASE_URL = "https://api.twilio.com" } = environment();
  if (!TWILIO_ACCOUNT_SID) return null;
  const path = `/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/Recordings/${sid}`;
  return new URL(path, TWILIO_API_BASE_URL).href;
}

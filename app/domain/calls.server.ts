import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { decodeCursor, encodeCursor, type Keyset } from "#app/domain/call-cursor.ts";
import { callerPatterns, narrowCalls, type CallFilter } from "#app/domain/call-filter.server.ts";
import { recordingAddress } from "#app/domain/recording-address.server.ts";
import { outcomeOf, reasonOf, type CallFacts } from "#app/domain/call-reasons.server.ts";
import {
  messageStateOf,
  type MessageFacts,
  type MessageState,
} from "#app/domain/messages.server.ts";
import { toRfc3339, type DatabaseTime } from "#app/domain/times.ts";

/**
 * The call log: one row per call, whose key is Twilio's call SID. call-events.server.ts writes it;
 * the database generates a row's `outcome` from its facts (migrations/20261122000003_calls.ts). A
 * call belongs to the company that owned the number when it came, and every query for a company
 * names it.
 */

/** How a call ended, or that it is still going on. */
export const callOutcomes = [
  "in-progress",
  /** somebody, or the voice agent, picked up */
  "answered",
  /** the caller left a message */
  "message",
  /** nobody picked up, or the caller hung up first, and there is no message */
  "missed",
  "busy",
  /** it could not be connected: the fault lay with the phone, the network or us */
  "failed",
  /** the company takes no calls from this caller */
  "blocked",
  /** it must have ended, but nobody has reported how */
  "unknown",
  /** the number was nobody's; no company sees it */
  "unmatched",
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

/** A call as its company sees it. Times are RFC 3339, UTC. */
export interface Call {
  callSid: string;
  /** E.164, or whatever else the network says about the caller: `sip:…`, `anonymous`, nothing */
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
  /**
   * at Twilio, which asks for the account's SID and token; also null if the environment names no
   * account
   */
  recordingUrl: string | null;
  recordingSeconds: number | null;
  /** null if the caller left none */
  message: MessageState | null;
  /** whether the message was deleted here and is still to be deleted at Twilio */
  deletionWaits: boolean;
  /** whether the company takes no calls from the caller now */
  callerBlocked: boolean;
}

/** The result of ringing the company's phone, SIP address or voice agent. */
export type DialResult = "answered" | "busy" | "no-answer" | "failed" | "canceled";

/** A page of a company's calls, newest first, or what is wrong with the query. */
export type CallPage =
  { ok: true; calls: Call[]; nextCursor: string | null } | { ok: false; invalid: "cursor" };

export interface CallQuery extends CallFilter {
  /** calls per page */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
}

/**
 * Keyset pages: calls that come meanwhile cause neither repeats nor gaps. A page of a search looks
 * through {@link mostSearched} calls, so it may be short, or empty, without being the last.
 */
export async function listCalls(
  db: Knex,
  companyId: number,
  { limit, cursor, ...filter }: CallQuery,
): Promise<CallPage> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && !before) return { ok: false, invalid: "cursor" };
  const { rows, next } = await pageOf(db, companyId, { limit, before, filter });
  return { ok: true, calls: rows.map(fromRow), nextCursor: next && encodeCursor(next) };
}

/** The company's call with that SID; undefined if it has no such call. */
export async function findCall(
  db: Knex,
  companyId: number,
  callSid: string,
): Promise<Call | undefined> {
  const row = await db("calls")
    .where({ call_sid: callSid, company_id: companyId })
    .first<Row | undefined>(...columns, db.raw(ofOtherTables));
  return row && fromRow(row);
}

/** The company's calls with these SIDs, oldest first. */
export async function findCalls(db: Knex, companyId: number, sids: string[]): Promise<Call[]> {
  const rows = await db("calls")
    .where({ company_id: companyId })
    .whereIn("call_sid", sids)
    .orderBy("started_at")
    .select<Row[]>(...columns, db.raw(ofOtherTables));
  return rows.map(fromRow);
}

/**
 * All the company's calls that match a filter, newest first, read a page at a time: for an export,
 * in constant memory.
 */
export async function* eachCall(
  db: Knex,
  companyId: number,
  filter: CallFilter = {},
): AsyncGenerator<Call, void, undefined> {
  let before: Keyset | undefined;
  do {
    const { rows, next } = await pageOf(db, companyId, { limit: 500, before, filter });
    for (const row of rows) yield fromRow(row);
    before = next ?? undefined;
  } while (before);
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
    .select<Row[]>(...columns, db.raw(ofOtherTables));
  return rows.map(fromRow);
}

const newestFirst = [
  { column: "started_at", order: "desc" },
  { column: "call_sid", order: "desc" },
];

/** A page's rows, and where it ends; null if no call can come after it. */
async function pageOf(
  db: Knex,
  companyId: number,
  { limit, before, filter }: { limit: number; before: Keyset | undefined; filter: CallFilter },
): Promise<{ rows: Row[]; next: Keyset | null }> {
  const patterns = callerPatterns(filter.search);
  // SQLite does not know how many there are of each kind, and would look for a rare one among all
  // the company's calls.
  const byKind = filter.outcome !== undefined && !isPostgres(db);
  const calls = db
    .from(byKind ? db.raw("calls indexed by calls_of_company_by_outcome") : "calls")
    .where({ company_id: companyId })
    .modify((query) => narrowCalls(query, filter, before))
    .orderBy(newestFirst);
  const asked =
    patterns.length === 0
      ? calls.limit(limit + 1).select<Row[]>(...columns, db.raw(ofOtherTables))
      : searched(db, calls, patterns, limit);
  const read = await asked;
  const found = read.filter((row) => row.found !== false && row.found !== 0);
  const rows = found.slice(0, limit);
  const last =
    found.length > limit ? rows.at(-1) : read.find(({ place }) => Number(place) === mostSearched);
  return { rows, next: last ? [last.started_at, last.call_sid] : null };
}

/** Calls that one page of a search looks through. */
export const mostSearched = 5_000;

// The last call looked at is included, match or not: the next page begins there.
function searched(db: Knex, calls: Knex.QueryBuilder, patterns: string[], limit: number) {
  const looked = calls
    .limit(mostSearched)
    .select(
      ...columns,
      "company_id",
      db.raw(`row_number() over (order by started_at desc, call_sid desc) as place`),
    );
  const found = `(${patterns.map(() => "coalesce(from_number, '') like ?").join(" or ")})`;
  return db
    .from(looked.as("calls"))
    .whereRaw(`(${found} or place = ${mostSearched})`, patterns)
    .orderBy(newestFirst)
    .limit(limit + 2)
    .select<Row[]>(...columns, "place", db.raw(`${found} as found, ${ofOtherTables}`, patterns));
}

interface Row extends CallFacts, MessageFacts {
  /** in a search: its position among the calls looked at, and whether it matches */
  place?: number | string;
  found?: boolean | number;
  outcome: CallOutcome;
  caller_blocked: boolean | number;
  deletion_waits: boolean | number;
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

const ofOtherTables = `exists (select 1 from blocked_callers b
  where b.company_id = calls.company_id and b.caller = calls.from_number) as caller_blocked,
  exists (select 1 from recordings_to_delete d where d.recording_sid = calls.recording_sid) as deletion_waits`;

/**
 * SQL for a company's newest calls, as rows for {@link callFromRow}; its values are the company's
 * id and how many.
 */
export const newestCalls = `select ${columns.join(", ")}, ${ofOtherTables} from calls
  where company_id = ? order by started_at desc, call_sid desc limit ?`;

/** The columns of {@link newestCalls}. */
export const callColumns = [...columns, "caller_blocked", "deletion_waits"] as const;

export { fromRow as callFromRow, type Row as CallRow };

function fromRow(row: Row): Call {
  const message = messageStateOf(row);
  const recording = row.recording_absent || message === "deleted" ? null : row.recording_sid;
  const time = (at: DatabaseTime | null) => (at === null ? null : toRfc3339(at));
  return {
    callSid: row.call_sid,
    from: row.from_number ?? "",
    to: row.to_number ?? "",
    outcome: outcomeOf(row),
    reason: reasonOf(row),
    startedAt: toRfc3339(row.started_at),
    answeredAt: time(row.answered_at),
    endedAt: time(row.ended_at),
    seconds: row.seconds,
    recordingUrl: recording === null ? null : recordingAddress(recording),
    recordingSeconds: recording === null ? null : row.recording_seconds,
    message,
    deletionWaits: message === "deleted" && Boolean(row.deletion_waits),
    callerBlocked: Boolean(row.caller_blocked),
  };
}

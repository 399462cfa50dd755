import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { queueRecordings } from "#app/domain/recordings-to-delete.server.ts";
import { toDatabaseTime, toRfc3339, type DatabaseTime } from "#app/domain/times.ts";

/**
 * Messages that callers left. The log has a call's recording SID, Twilio the recording itself.
 * Listening to or deleting one does so for the whole company.
 */

/** What has become of a message. */
export type MessageState = "unheard" | "heard" | "deleted";

/** What a call's row says about its message. */
export interface MessageFacts {
  outcome: string;
  heard_at: DatabaseTime | null;
  message_deleted_at: DatabaseTime | null;
}

/** Null if the caller left none. */
export function messageStateOf(call: MessageFacts): MessageState | null {
  if (call.outcome !== "message") return null;
  if (call.message_deleted_at !== null) return "deleted";
  return call.heard_at === null ? "unheard" : "heard";
}

/** Unheard messages are not counted beyond this. */
export const mostCounted = 100;

/**
 * SQL for how many messages of a company nobody has listened to, at most {@link mostCounted}.
 * @param companyId SQL too
 */
export const countUnheard = (companyId: string): string =>
  `(select count(*) from (select 1 from calls where company_id = ${companyId} and outcome = 'message'
      and heard_at is null and message_deleted_at is null limit ${mostCounted}) unheard)`;

/** A message of a company. */
export interface Message {
  state: MessageState;
  /** null if an older program kept an address that is not Twilio's */
  recordingSid: string | null;
  /** who left it, as the network says */
  from: string;
  /** when the call came; RFC 3339, UTC */
  startedAt: string;
  seconds: number | null;
}

interface Row extends MessageFacts {
  recording_sid: string | null;
  recording_seconds: number | null;
  from_number: string | null;
  started_at: DatabaseTime;
}

const byCall = {
  name: "message of call",
  sql: `select outcome, heard_at, message_deleted_at, recording_sid, recording_seconds, from_number, started_at
          from calls where call_sid = ? and company_id = ?`,
};

/** The message of one of the company's calls; undefined if there is no such call or no message. */
export async function findMessage(
  db: Knex,
  companyId: number,
  callSid: string,
): Promise<Message | undefined> {
  const [row] = await query<Row>(db, byCall, [callSid, companyId]);
  const state = row ? messageStateOf(row) : null;
  if (!row || state === null) return undefined;
  return {
    state,
    recordingSid: row.recording_sid,
    from: row.from_number ?? "",
    startedAt: toRfc3339(row.started_at),
    seconds: row.recording_seconds,
  };
}

const messageOf = (companyId: number, callSid: string) => ({
  call_sid: callSid,
  company_id: companyId,
  outcome: "message",
});

/** Records that a message was listened to; the first time counts. */
export async function markHeard(
  db: Knex,
  companyId: number,
  callSid: string,
  now = new Date(),
): Promise<void> {
  await db("calls")
    .where(messageOf(companyId, callSid))
    .whereNull("heard_at")
    .update({ heard_at: toDatabaseTime(now) });
}

/** The outcome of {@link deleteMessage}. */
export type MessageDeletion =
  | { outcome: "deleted"; recordingSid: string | null }
  /** there is none, or no longer any */
  | { outcome: "no-message" };

/** Deletes a message here, and queues it to be deleted at Twilio; the call stays in the log. */
export async function deleteMessage(
  db: Knex,
  companyId: number,
  callSid: string,
  by: By = service,
  now = new Date(),
): Promise<MessageDeletion> {
  return db.transaction(async (transaction) => {
    const [gone] = await transaction("calls")
      .where(messageOf(companyId, callSid))
      .whereNull("message_deleted_at")
      .update({ message_deleted_at: toDatabaseTime(now) })
      .returning<{ recording_sid: string | null }[]>("recording_sid");
    if (!gone) return { outcome: "no-message" };
    const recordingSid = gone.recording_sid;
    if (recordingSid !== null) await queueRecordings(transaction, [recordingSid], now);
    await recordEvent(transaction, {
      event: "message-deleted",
      companyId,
      ...by,
      details: { call: callSid },
    });
    return { outcome: "deleted", recordingSid };
  });
}

import type { Knex } from "knex";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * Messages whose calls are gone here but which Twilio still has. They are queued in the transaction
 * that deletes the calls, and stay until Twilio says that it no longer has them.
 */

/** @param recordingSids `RE…` */
export async function queueRecordings(
  db: Knex,
  recordingSids: readonly string[],
  now = new Date(),
): Promise<void> {
  const at = toDatabaseTime(now);
  // SQLite limits the values that one statement binds.
  for (let start = 0; start < recordingSids.length; start += 200) {
    await db("recordings_to_delete")
      .insert(
        recordingSids
          .slice(start, start + 200)
          .map((recording_sid) => ({ recording_sid, since: at, next_try_at: at, tries: 0 })),
      )
      .onConflict("recording_sid")
      .ignore();
  }
}

/** Recordings that are due for a try, at most `count`, longest waiting first. */
export async function dueRecordings(db: Knex, count: number, now = new Date()): Promise<string[]> {
  return db("recordings_to_delete")
    .where("next_try_at", "<=", toDatabaseTime(now))
    .orderBy("next_try_at")
    .limit(count)
    .pluck<string[]>("recording_sid");
}

/** Twilio no longer has it. */
export async function recordingDeleted(db: Knex, recordingSid: string): Promise<void> {
  await db("recordings_to_delete").where({ recording_sid: recordingSid }).delete();
}

const firstWait = 60;
const longestWait = 24 * 60 * 60;

/**
 * A try failed; the next one waits twice as long, up to a day.
 * @param failure why, without a secret
 */
export async function recordingNotDeleted(
  db: Knex,
  recordingSid: string,
  failure: string,
  now = new Date(),
): Promise<void> {
  const row = await db("recordings_to_delete")
    .where({ recording_sid: recordingSid })
    .first("tries");
  const tries = (row?.tries ?? 0) + 1;
  const wait = Math.min(firstWait * 2 ** (tries - 1), longestWait);
  await db("recordings_to_delete")
    .where({ recording_sid: recordingSid })
    .update({ tries, failure, next_try_at: toDatabaseTime(new Date(now.getTime() + wait * 1000)) });
}

/** What is waiting to be deleted at Twilio. */
export interface RecordingsWaiting {
  count: number;
  /** since when the first has been waiting, RFC 3339 */
  since: string;
  /** why the last try failed; null if there has been none */
  failure: string | null;
}

/** Undefined if nothing is waiting. */
export async function recordingsWaiting(db: Knex): Promise<RecordingsWaiting | undefined> {
  const row = await db("recordings_to_delete")
    .count({ total: "*" })
    .min({ since: "since" })
    .first<{ total: number; since: string | null }>();
  if (!row || row.since === null) return undefined;
  const failed = await db("recordings_to_delete")
    .whereNotNull("failure")
    .orderBy("next_try_at", "desc")
    .first("failure");
  return {
    count: Number(row.total),
    since: toRfc3339(row.since),
    failure: failed?.failure ?? null,
  };
}

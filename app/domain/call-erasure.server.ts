import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { unknownBefore } from "#app/domain/call-reasons.server.ts";
import { queueRecordings } from "#app/domain/recordings-to-delete.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * How calls are deleted: at their company's or caller's request, or by age. A call's message, which
 * Twilio holds, goes with it.
 */

/** How many are deleted at once, few enough to take no time. */
const mostAtOnce = 2_000;

type Calls = Knex.QueryBuilder;

/**
 * Deletes the oldest calls that `which` chooses, and queues their messages to be deleted at Twilio.
 * @param tell writes in the same transaction what was done, if anything was
 * @returns how many were deleted; at most one batch
 */
export async function deleteCalls(
  db: Knex,
  which: (calls: Calls) => Calls,
  tell?: (trx: Knex, count: number) => Promise<void>,
): Promise<number> {
  return db.transaction(async (trx) => {
    const oldest = which(trx("calls")).orderBy("started_at").limit(mostAtOnce).select("call_sid");
    // Knex's own delete returns no rows on SQLite.
    const answer: unknown = await trx.raw(
      "delete from calls where call_sid in (?) returning recording_sid",
      [oldest],
    );
    const gone = (isPostgres(trx) ? (answer as { rows: unknown }).rows : answer) as {
      recording_sid: string | null;
    }[];
    await queueRecordings(
      trx,
      gone.flatMap(({ recording_sid }) => recording_sid ?? []),
    );
    if (gone.length > 0) await tell?.(trx, gone.length);
    return gone.length;
  });
}

const daysBefore = (now: Date, days: number) =>
  toDatabaseTime(new Date(now.getTime() - days * 24 * 60 * 60 * 1000));

/** Days for which a call to nobody's number is kept. */
const unmatchedKept = 30;

/**
 * Deletes old calls: those to nobody's number after 30 days, companies' after `days`.
 * @returns how many went; 0 when none is left
 */
export async function expireCalls(db: Knex, days: number, now = new Date()): Promise<number> {
  return (
    (await deleteCalls(db, (calls) =>
      calls
        .whereNull("company_id")
        .where("started_at", "<", daysBefore(now, Math.min(unmatchedKept, days))),
    )) +
    (await deleteCalls(db, (calls) =>
      calls.whereNotNull("company_id").where("started_at", "<", daysBefore(now, days)),
    ))
  );
}

/** How many calls of a caller there are. @param caller as calls have it: E.164, `sip:…` */
export async function countCallsFrom(db: Knex, caller: string): Promise<number> {
  const row = await db("calls")
    .where({ from_number: caller })
    .count({ total: "*" })
    .first<{ total: number }>();
  return Number(row?.total);
}

/** What is kept of a caller besides the calls that are over. */
export interface CallerElsewhere {
  /** calls that may be going on: what Twilio yet reports of one makes its row again */
  goingOn: number;
  /** companies that block the caller, which is theirs to lift */
  blockedBy: number;
}

/** Where a caller is known besides the calls that {@link eraseCaller} deletes for good. */
export async function callerElsewhere(db: Knex, caller: string): Promise<CallerElsewhere> {
  const calls = await db("calls")
    .where({ from_number: caller })
    .whereNull("ended_at")
    .where("started_at", ">", toDatabaseTime(unknownBefore()))
    .count({ total: "*" })
    .first<{ total: number }>();
  const blocks = await db("blocked_callers")
    .where({ caller })
    .count({ total: "*" })
    .first<{ total: number }>();
  return { goingOn: Number(calls?.total), blockedBy: Number(blocks?.total) };
}

/**
 * Deletes all calls of a caller, whichever company they were to.
 * @param by for the audit trail, which is told of each batch with it, and not whose calls they were
 * @returns how many went
 */
export async function eraseCaller(db: Knex, caller: string, by: By = service): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await deleteCalls(
      db,
      (calls) => calls.where({ from_number: caller }),
      (trx, calls) => recordEvent(trx, { event: "caller-erased", ...by, details: { calls } }),
    );
    if (count === 0) return total;
    total += count;
  }
}

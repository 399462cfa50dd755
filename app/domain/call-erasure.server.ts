import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { queueRecordings } from "#app/domain/recordings-to-delete.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * How calls are deleted: at their company's or caller's request, or by age. A call's message, which Twilio holds, goes
 * with it.
 */

/** How many are deleted at once, few enough to take no time. */
const mostAtOnce = 2_000;

type Calls = Knex.QueryBuilder;

/**
 * Deletes the oldest calls that `which` chooses, and queues their messages to be deleted at Twilio.
 * @returns how many were deleted; at most one batch
 */
export async function deleteCalls(
  db: Knex,
  which: (calls: Calls) => Calls,
  atOnce = mostAtOnce,
): Promise<number> {
  return db.transaction(async (trx) => {
    const oldest = which(trx("calls")).orderBy("started_at").limit(atOnce).select("call_sid");
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

/**
 * Deletes all calls of a caller, whichever company they were to.
 * @param by for the audit trail, which is not told whose calls they were
 * @returns how many went
 */
export async function eraseCaller(db: Knex, caller: string, by: By = service): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await deleteCalls(db, (calls) => calls.where({ from_number: caller }));
    if (count === 0) break;
    total += count;
  }
  if (total > 0)
    await recordEvent(db, { event: "caller-erased", ...by, details: { calls: total } });
  return total;
}

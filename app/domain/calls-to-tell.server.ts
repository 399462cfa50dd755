import type { Knex } from "knex";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";
import { queueMail, sendsMail } from "#app/domain/mail-queue.server.ts";

/**
 * Missed calls and messages that a company's people are told of by mail: each once, however often
 * Twilio reports it. Up to three in ten minutes get a mail each; more wait until the ten minutes
 * are over, and share one.
 */

/** How many mails of one call each may go in {@link shortTime}. */
const mostSingle = 3;
/** Seconds. */
const shortTime = 10 * 60;
/** Seconds within which a call's end and its message may both arrive. */
const settling = 20;

/** Notes a call that ended without anybody taking it, if its company wants somebody told. */
export async function noteCallToTell(db: Knex, callSid: string): Promise<void> {
  if (!sendsMail()) return;
  await db.raw(
    `insert into calls_to_tell (call_sid, company_id, noted_at)
     select call_sid, company_id, ${databaseNow(db)} from calls
      where call_sid = ? and ended_at is not null and outcome in ('missed', 'message', 'busy', 'failed')
        and exists (select 1 from told_addresses t
                     where t.company_id = calls.company_id and t.confirmed_at is not null)
     on conflict (call_sid) do nothing`,
    [callSid],
  );
}

const waiting = (db: Knex) =>
  db("calls_to_tell").whereNull("told_at").where("noted_at", "<=", inSeconds(db, -settling));

/** Whether any call is waiting to be mailed. Only reads. */
export async function hasCallsToTell(db: Knex): Promise<boolean> {
  return (await waiting(db).first("call_sid")) !== undefined;
}

/** Queues mail for the calls that are due. */
export async function tellCalls(db: Knex): Promise<void> {
  const companies = await waiting(db)
    .distinct("company_id")
    .limit(100)
    .pluck<number[]>("company_id");
  for (const companyId of companies) await tellCallsOf(db, companyId);
  await db("calls_to_tell")
    .where("told_at", "<", inSeconds(db, -7 * 24 * 60 * 60))
    .delete();
}

async function tellCallsOf(db: Knex, companyId: number): Promise<void> {
  await db.transaction(async (transaction) => {
    const calls = await waiting(transaction)
      .where({ company_id: companyId })
      .orderBy(["noted_at", "call_sid"])
      .limit(50)
      .select<{ call_sid: string; is_old: unknown }[]>(
        "call_sid",
        transaction.raw("noted_at <= ? as is_old", [inSeconds(transaction, -shortTime)]),
      );
    const told = await transaction("calls_to_tell")
      .where({ company_id: companyId })
      .where("told_at", ">", inSeconds(transaction, -shortTime))
      .count({ total: "*" })
      .first<{ total: number }>();
    const sids = calls.map(({ call_sid }) => call_sid);
    const isFew = sids.length + Number(told?.total) <= mostSingle;
    if (!isFew && !calls[0]?.is_old) return;
    const addresses = await transaction("told_addresses")
      .where({ company_id: companyId })
      .whereNotNull("confirmed_at")
      .pluck<string[]>("email");
    for (const address of addresses) {
      for (const about of isFew ? sids : [sids.join(" ")]) {
        await queueMail(transaction, { kind: "calls", companyId, address, about });
      }
    }
    await transaction("calls_to_tell")
      .whereIn("call_sid", sids)
      .update({ told_at: transaction.raw(databaseNow(transaction)) });
  });
}

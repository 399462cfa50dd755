import type { Knex } from "knex";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * A number is for ever only as long as the Twilio account owns it. Checks of the account are
 * recorded here: assigned numbers that are gone, and those that nobody calls and Twilio may
 * therefore take back.
 */

/** An assigned number and its company. Times are RFC 3339, UTC. */
export interface AssignedNumber {
  phoneNumber: string;
  companyId: number;
}

const assigned = (db: Knex) => ofTheRest(db, db("twilio_phone_numbers as n"));

const ofTheRest = (db: Knex, numbers: Knex.QueryBuilder) =>
  numbers
    .whereNotNull("n.assigned_to_company_id")
    .whereNotIn(
      "n.assigned_to_company_id",
      db("closed_companies").where({ state: "erased" }).select("company_id"),
    );

type Row = { phone_number: string; company_id: number };

/** All assigned numbers, except those of erased companies, some at a time. */
export const assignedNumbers = (db: Knex) => inPages(() => assigned(db));

/** Whether any number is assigned, not counting erased companies'. */
export async function hasAssignedNumbers(db: Knex): Promise<boolean> {
  return (await assigned(db).first("n.id")) !== undefined;
}

const pageSize = 1_000;

async function* inPages(
  numbers: () => Knex.QueryBuilder,
): AsyncGenerator<AssignedNumber[], void, undefined> {
  for (let after: number | undefined; ;) {
    const rows = await numbers()
      .modify((query) => after !== undefined && void query.where("n.id", ">", after))
      .orderBy("n.id")
      .limit(pageSize)
      .select<(Row & { id: number })[]>(
        "n.id",
        "n.phone_number",
        "n.assigned_to_company_id as company_id",
      );
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    yield rows.map((row) => ({ phoneNumber: row.phone_number, companyId: row.company_id }));
  }
}

/** An assigned number that is gone, and since when that has been known. */
export type GoneNumber = AssignedNumber & { since: string };

/** The numbers that are gone, longest gone first. */
export async function goneNumbers(db: Knex): Promise<GoneNumber[]> {
  // They are few. A cross join makes SQLite begin with them; otherwise it would read every assigned
  // number.
  const noted = db("gone_numbers as g").crossJoin(db.ref("twilio_phone_numbers as n"));
  const rows = await ofTheRest(db, noted)
    .whereRaw("n.phone_number = g.phone_number")
    .orderBy(["g.since", "n.id"])
    .select<(Row & { since: string })[]>(
      "n.phone_number",
      "n.assigned_to_company_id as company_id",
      "g.since",
    );
  return rows.map((row) => ({
    phoneNumber: row.phone_number,
    companyId: row.company_id,
    since: toRfc3339(row.since),
  }));
}

/** Records which assigned numbers are gone: these and no others. @param gone E.164 */
export async function noteGone(db: Knex, gone: readonly string[], now = new Date()): Promise<void> {
  const areGone = new Set(gone);
  await db.transaction(async (transaction) => {
    const known = new Set(await transaction("gone_numbers").pluck<string[]>("phone_number"));
    for (const phone_number of known) {
      if (!areGone.has(phone_number))
        await transaction("gone_numbers").where({ phone_number }).delete();
    }
    for (const phone_number of areGone) {
      if (known.has(phone_number)) continue;
      await transaction("gone_numbers")
        .insert({ phone_number, since: toDatabaseTime(now) })
        .onConflict("phone_number")
        .ignore();
    }
  });
}

const daysBefore = (now: Date, days: number) =>
  toDatabaseTime(new Date(now.getTime() - days * 24 * 60 * 60 * 1000));

/**
 * Numbers that were assigned more than `days` days ago and that nobody has called since then, some
 * at a time.
 */
export function idleNumbers(db: Knex, days: number, now = new Date()) {
  const since = daysBefore(now, days);
  return inPages(() =>
    assigned(db)
      .where("n.assigned_at", "<", since)
      .whereNotExists(
        db("calls")
          .whereRaw("calls.company_id = n.assigned_to_company_id")
          .where("started_at", ">=", since)
          .whereNot({ outcome: "blocked" })
          .select(db.raw("1")),
      ),
  );
}

/**
 * Queues mail to the companies of idle numbers, once in `days` days each, if their email is
 * verified.
 * @returns how many mails were queued
 */
export async function tellIdle(db: Knex, days: number, now = new Date()): Promise<number> {
  let count = 0;
  const tell = ({ phoneNumber, companyId }: AssignedNumber) =>
    db.transaction(async (transaction) => {
      const told: unknown = await transaction("idle_told")
        .where({ phone_number: phoneNumber })
        .where("told_at", ">", daysBefore(now, days))
        .first("told_at");
      const row = await transaction("companies as c")
        .join("verified_emails as v", (on) =>
          on.on("v.company_id", "c.id").andOn("v.email", "c.email"),
        )
        .where("c.id", companyId)
        .first<{ email: string } | undefined>("c.email");
      if (told || !row) return;
      const mail = { kind: "number-idle", companyId, address: row.email } as const;
      await queueMail(transaction, { ...mail, about: phoneNumber });
      await transaction("idle_told")
        .insert({ phone_number: phoneNumber, told_at: toDatabaseTime(now) })
        .onConflict("phone_number")
        .merge();
      count++;
    });
  for await (const some of idleNumbers(db, days, now)) for (const one of some) await tell(one);
  return count;
}

/**
 * SQL for since when a company's number has been gone; null if it is not.
 * @param phoneNumber SQL too
 */
export const goneSince = (phoneNumber: string): string =>
  `(select since from gone_numbers where phone_number = ${phoneNumber})`;

import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { enteredPoolAt } from "#app/domain/available-numbers.server.ts";
import { isCompanyHasNumber, isNoSuchCompany } from "#app/domain/database-errors.server.ts";
import { besideBudget } from "#app/request-budget.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * Whose a number is. A number belongs to at most one company and a company has at most one number, for ever.
 * The database itself holds the rule (rules/rules.server.ts): one conditional UPDATE of the number assigns it, a trigger
 * carries the company along, and the count of rows is the answer. Nothing here checks first and writes later.
 */

/** What came of {@link assignPhoneNumber}. */
export type Assignment =
  /** the number has just become this company's */
  | { outcome: "assigned"; phoneNumber: string }
  /** unknown and taken alike; without a number asked for: the pool is empty */
  | { outcome: "not-available" }
  /** the company has a number already; maybe the very one it asks for, as where a request is repeated */
  | { outcome: "already-has-number"; phoneNumber: string }
  | { outcome: "no-such-company" };

/**
 * Gives a company a number for ever.
 * @param db a transaction stays usable whatever the outcome
 * @param phoneNumber in E.164; without it the company gets the one that has been available longest
 * @param by for the audit trail
 * @throws the driver's error where the database is away; {@link assignForSure} says whether anything happened
 */
export async function assignPhoneNumber(
  db: Knex,
  companyId: number,
  phoneNumber?: string,
  by: By = service,
): Promise<Assignment> {
  try {
    // In a transaction of the caller's it is a savepoint: a refused statement would end all of it on PostgreSQL.
    const claimed = await db.transaction(async (inner) => {
      const number = await (phoneNumber === undefined
        ? claimFirst(inner, companyId)
        : claim(inner, companyId, phoneNumber));
      if (number !== undefined) {
        const details = { phone_number: number };
        await recordEvent(inner, { event: "assigned", companyId, ...by, details });
      }
      return number;
    });
    if (claimed !== undefined) {
      return { outcome: "assigned", phoneNumber: claimed };
    }
  } catch (error) {
    if (isNoSuchCompany(error)) return { outcome: "no-such-company" };
    if (!isCompanyHasNumber(error)) throw error;
  }
  const company = await db("companies")
    .where({ id: companyId })
    .first<{ twilio_phone_number: string | null } | undefined>("twilio_phone_number");
  if (!company) return { outcome: "no-such-company" };
  const held = company.twilio_phone_number;
  if (held === null) return { outcome: "not-available" };
  return { outcome: "already-has-number", phoneNumber: held };
}

/** The database went away in the middle of an assignment, and is not back to tell what became of it. */
export class UnknownOutcomeError extends Error {
  override name = "UnknownOutcomeError";
}

/**
 * As {@link assignPhoneNumber}. A connection that is cut while it commits leaves open whether it did: one more look
 * tells, if it comes within 0.8 seconds, so that the company has its answer within three.
 * @throws UnknownOutcomeError, its cause the driver's error, where it does not; the driver's error itself where nothing
 * was changed
 */
export async function assignForSure(
  db: Knex,
  companyId: number,
  phoneNumber?: string,
  by: By = service,
): Promise<Assignment> {
  const began = toRfc3339(toDatabaseTime());
  try {
    return await assignPhoneNumber(db, companyId, phoneNumber, by);
  } catch (error) {
    const unknown = new UnknownOutcomeError("", { cause: error });
    const held = await Promise.race([
      besideBudget(() => currentPhoneNumber(db, companyId)),
      setTimeout(800, unknown, { ref: false }),
    ]).catch(() => unknown);
    if (held instanceof Error) throw held;
    if (held === undefined) throw error;
    const isTheOne =
      phoneNumber !== undefined ? held.phoneNumber === phoneNumber : held.assignedAt >= began;
    return {
      outcome: isTheOne ? "assigned" : "already-has-number",
      phoneNumber: held.phoneNumber,
    };
  }
}

function assigned(db: Knex, companyId: number) {
  return db("twilio_phone_numbers")
    .update({
      status: "assigned",
      assigned_to_company_id: companyId,
      assigned_at: toDatabaseTime(),
    })
    .returning<{ phone_number: string }[]>("phone_number");
}

async function claim(
  db: Knex,
  companyId: number,
  phoneNumber: string,
): Promise<string | undefined> {
  const [row] = await assigned(db, companyId).where({
    phone_number: phoneNumber,
    status: "available",
  });
  return row?.phone_number;
}

async function claimFirst(db: Knex, companyId: number): Promise<string | undefined> {
  const skipLocked = isPostgres(db) ? "for update skip locked" : "";
  for (;;) {
    const [row] = await assigned(db, companyId).where(
      "id",
      db.raw(
        `(select id from twilio_phone_numbers where status = 'available'
           order by ${enteredPoolAt(db)}, id limit 1 ${skipLocked})`,
      ),
    );
    if (row) return row.phone_number;
    // Every number left may be locked by somebody whose claim will yet fail: wait for one of them, then look again.
    const left = isPostgres(db)
      ? await db("twilio_phone_numbers").where({ status: "available" }).forUpdate().first("id")
      : undefined;
    if (!left && !(await anyAvailable(db))) return undefined;
  }
}

async function anyAvailable(db: Knex): Promise<boolean> {
  const row: unknown = await db("twilio_phone_numbers").where({ status: "available" }).first("id");
  return row !== undefined;
}

/** A number that is a company's, and since when (RFC 3339, UTC). */
export interface OwnNumber {
  phoneNumber: string;
  assignedAt: string;
}

/** The company's number, or undefined where it has none. */
export async function currentPhoneNumber(
  db: Knex,
  companyId: number,
): Promise<OwnNumber | undefined> {
  const row = await db("twilio_phone_numbers")
    .where({ assigned_to_company_id: companyId, status: "assigned" })
    .first<{ phone_number: string; assigned_at: string } | undefined>(
      "phone_number",
      "assigned_at",
    );
  return (
    row && {
      phoneNumber: row.phone_number,
      assignedAt: toRfc3339(row.assigned_at),
    }
  );
}

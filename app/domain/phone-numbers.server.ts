import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import {
  assignmentsPerHour,
  isBudgeted,
  spendAssignment,
  type SpentBudget,
} from "#app/domain/assignment-budget.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import {
  enteredPoolAt,
  listAvailable,
  type AvailableQuery,
} from "#app/domain/available-numbers.server.ts";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";
import { isCompanyHasNumber, isNoSuchCompany } from "#app/domain/database-errors.server.ts";
import { besideBudget } from "#app/request-budget.server.ts";
import { toRfc3339 } from "#app/domain/times.ts";
import { isEmailVerified } from "#app/domain/verified-emails.server.ts";
import { environment } from "#app/env.server.ts";

/**
 * Who owns a number. A number belongs to at most one company and a company has at most one number,
 * for ever. The database itself holds the rule (rules/rules.server.ts): one conditional UPDATE of
 * the number assigns it, a trigger carries the company along, and the row count is the answer.
 * Nothing here checks first and writes later.
 */

/** The outcome of {@link assignPhoneNumber}. */
export type Assignment =
  /** the number has just become this company's */
  | { outcome: "assigned"; phoneNumber: string }
  /** unknown or taken; if no number was asked for, the pool is empty */
  | { outcome: "not-available" }
  /** the company already has a number, perhaps the very one it asks for, as in a repeated request */
  | { outcome: "already-has-number"; phoneNumber: string }
  /** or its account is closed: frozen or erased */
  | { outcome: "no-such-company" }
  /** REQUIRE_VERIFIED_EMAIL is on, and the company's is not */
  | { outcome: "email-not-verified" }
  /** nothing was assigned: the hour's budget is spent; there is more in `retryAfter` seconds */
  | ({ outcome: "budget-spent" } & SpentBudget);

/**
 * Gives a company a number for ever.
 * @param db a transaction remains usable whatever the outcome
 * @param phoneNumber in E.164; without it the company gets the one that has been available longest
 * @param by for the audit trail; companies' own requests count against the assignment budget
 * @throws the driver's error if the database is away; {@link assignForSure} says whether anything
 * happened
 */
export async function assignPhoneNumber(
  db: Knex,
  companyId: number,
  phoneNumber?: string,
  by: By = service,
): Promise<Assignment> {
  return assignBy(db, companyId, by, (inner) =>
    phoneNumber === undefined ? claimFirst(inner, companyId) : claim(inner, companyId, phoneNumber),
  );
}

/** Which of the available numbers to take the first from; see {@link listAvailable}. */
export type Wanted = Pick<AvailableQuery, "contains" | "country">;

/** As {@link assignPhoneNumber}: gives a company the longest-available number of those it wants. */
async function assignFirstAvailable(
  db: Knex,
  companyId: number,
  { contains, country }: Wanted,
  by: By = service,
): Promise<Assignment> {
  if (!contains && !country) return assignPhoneNumber(db, companyId, undefined, by);
  return assignBy(db, companyId, by, async (inner) => {
    for (let cursor: string | undefined; ;) {
      const page = await listAvailable(inner, { limit: pageOfWanted, cursor, contains, country });
      const wanted = page.ok ? page.numbers.map(({ phoneNumber }) => phoneNumber) : [];
      const claimed = wanted.length > 0 && (await claimFirst(inner, companyId, wanted));
      if (claimed) return claimed;
      if (!page.ok || page.nextCursor === null) return undefined;
      cursor = page.nextCursor;
    }
  });
}

const pageOfWanted = 100;

async function assignBy(
  db: Knex,
  companyId: number,
  by: By,
  claiming: (db: Knex) => Promise<string | undefined>,
): Promise<Assignment> {
  const isBarred = needsVerifiedEmail(by) && !(await isEmailVerified(db, companyId));
  const budget = isBudgeted(by) ? await assignmentsPerHour(db) : undefined;
  try {
    // In a caller's transaction a savepoint: on PostgreSQL a refused statement would end it all.
    const claimed = await db.transaction(async (inner) => {
      if (isBarred) return undefined;
      const number = await claiming(inner);
      if (number !== undefined) {
        // The claim waited for anything that was closing the account: a tombstone gets no number.
        if (await isClosed(inner, companyId)) throw new CompanyClosed();
        const details = { phone_number: number };
        await recordEvent(inner, { event: "assigned", companyId, ...by, details });
        // Last, since from here to the commit others wait.
        const spent = budget && (await spendAssignment(inner, budget, by));
        if (spent) throw new BudgetSpent(spent);
      }
      return number;
    });
    if (claimed !== undefined) {
      return { outcome: "assigned", phoneNumber: claimed };
    }
  } catch (error) {
    if (error instanceof BudgetSpent) return refused(db, companyId, by, error.spent);
    if (error instanceof CompanyClosed || isNoSuchCompany(error)) return noSuchCompany;
    if (!isCompanyHasNumber(error)) throw error;
  }
  const company = await db("companies")
    .where({ id: companyId })
    .first<{ twilio_phone_number: string | null } | undefined>("twilio_phone_number");
  if (!company) return noSuchCompany;
  const held = company.twilio_phone_number;
  if (held === null) return { outcome: isBarred ? "email-not-verified" : "not-available" };
  return { outcome: "already-has-number", phoneNumber: held };
}

function needsVerifiedEmail({ actor }: By): boolean {
  const isOwn = actor === "company" || actor.startsWith("token:");
  return isOwn && environment().REQUIRE_VERIFIED_EMAIL === "on";
}

const noSuchCompany = { outcome: "no-such-company" } as const;

/** Rolls back the assignment and everything written about it, as does {@link BudgetSpent}. */
class CompanyClosed extends Error {}

async function isClosed(db: Knex, companyId: number): Promise<boolean> {
  const row: unknown = await db("closed_companies").where({ company_id: companyId }).first("state");
  return row !== undefined;
}

class BudgetSpent extends Error {
  constructor(readonly spent: SpentBudget) {
    super("the budget of assignments is spent");
  }
}

async function refused(
  db: Knex,
  companyId: number,
  by: By,
  spent: SpentBudget,
): Promise<Assignment> {
  const details = { of: spent.of };
  await recordEvent(db, { event: "assignment-refused", companyId, ...by, details });
  return { outcome: "budget-spent", ...spent };
}

/** The database went away during an assignment, and is not back to say whether it happened. */
export class UnknownOutcomeError extends Error {
  override name = "UnknownOutcomeError";
}

/**
 * As {@link assignPhoneNumber}, or {@link assignFirstAvailable}. If the connection is cut during a
 * commit, the outcome is open: a second look may settle it within 0.8 seconds, so that the company
 * has its answer within three.
 * @throws UnknownOutcomeError, with the driver's error as its cause, if it does not; the driver's
 * error itself if nothing was changed
 */
export async function assignForSure(
  db: Knex,
  companyId: number,
  wanted: string | Wanted = {},
  by: By = service,
): Promise<Assignment> {
  const began = performance.now();
  try {
    return typeof wanted === "string"
      ? await assignPhoneNumber(db, companyId, wanted, by)
      : await assignFirstAvailable(db, companyId, wanted, by);
  } catch (error) {
    const unknown = new UnknownOutcomeError("", { cause: error });
    const held = await Promise.race([
      besideBudget(() => heldSince(db, companyId, (performance.now() - began) / 1000)),
      setTimeout(800, unknown, { ref: false }),
    ]).catch(() => unknown);
    if (held instanceof Error) throw held;
    if (held === undefined) throw error;
    const isTheOne = typeof wanted === "string" ? held.phoneNumber === wanted : held.isNew;
    return {
      outcome: isTheOne ? "assigned" : "already-has-number",
      phoneNumber: held.phoneNumber,
    };
  }
}

/** The company's number, and whether it got it within so many whole seconds (database's clock). */
function heldSince(db: Knex, companyId: number, seconds: number) {
  return db("twilio_phone_numbers")
    .where({ assigned_to_company_id: companyId, status: "assigned" })
    .select<{ phoneNumber: string; isNew: unknown }[]>(
      "phone_number as phoneNumber",
      db.raw(`assigned_at >= ? as "isNew"`, [inSeconds(db, -Math.ceil(seconds) - 1)]),
    )
    .first();
}

function assigned(db: Knex, companyId: number) {
  return db("twilio_phone_numbers")
    .update({
      status: "assigned",
      assigned_to_company_id: companyId,
      assigned_at: db.raw(databaseNow(db)),
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

/** @param among the numbers to take the first from, unless any will do */
async function claimFirst(
  db: Knex,
  companyId: number,
  among?: readonly string[],
): Promise<string | undefined> {
  const skipLocked = isPostgres(db) ? "for update skip locked" : "";
  const oneOf = among ? `and phone_number in (${among.map(() => "?").join(", ")})` : "";
  for (;;) {
    const [row] = await assigned(db, companyId).where(
      "id",
      db.raw(
        `(select id from twilio_phone_numbers where status = 'available' ${oneOf}
           order by ${enteredPoolAt(db)}, id limit 1 ${skipLocked})`,
        among ?? [],
      ),
    );
    if (row) return row.phone_number;
    // Every remaining number may be locked by a claim that will yet fail: wait for one of them,
    // then look again.
    const left = isPostgres(db) && (await waitForOne(db, among));
    if (!left && !(await available(db, among).first("id"))) return undefined;
  }
}

/**
 * Waits for the lock on a number, and releases it at once: two claims that each kept one (even on a
 * number that has gone meanwhile) and waited for another could deadlock.
 */
async function waitForOne(transaction: Knex, among?: readonly string[]): Promise<boolean> {
  const savepoint = await transaction.transaction();
  try {
    const row: unknown = await available(savepoint, among).forUpdate().first("id");
    return row !== undefined;
  } finally {
    await savepoint.rollback();
  }
}

function available(db: Knex, among?: readonly string[]) {
  return db("twilio_phone_numbers")
    .where({ status: "available" })
    .modify((query) => {
      if (among) void query.whereIn("phone_number", among);
    });
}

/** A company's number, and since when (RFC 3339, UTC). */
export interface OwnNumber {
  phoneNumber: string;
  assignedAt: string;
}

/** The company's number, or undefined if it has none. */
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
  return row && { phoneNumber: row.phone_number, assignedAt: toRfc3339(row.assigned_at) };
}

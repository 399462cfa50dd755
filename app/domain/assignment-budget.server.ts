import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { operator, recordEvent, type By } from "#app/domain/audit.server.ts";
import { countAvailable } from "#app/domain/available-numbers.server.ts";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";
import { keptTime } from "#app/domain/rules/sqlite.ts";
import { fromDatabaseTime, toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";
import { environment } from "#app/env.server.ts";
import { networksOf } from "#app/ip-address.ts";

/**
 * How many numbers may be assigned in an hour, by the whole service and for one client: an
 * assignment is for ever, so a script must not empty the pool before somebody can look. Spending is
 * counted from the pool's own rows, in the transaction that would spend more, so a restart does not
 * refill the budget and processes cannot have one each. The database's clock counts, whatever the
 * machines' say.
 */

/** Seconds. */
const hour = 60 * 60;
const leastBudget = 60;
/** The share of the budget for one IPv4 address or IPv6 /64. */
const forOneNetwork = 40;

/** Whose share is spent, and in how many seconds there will be more. */
export interface SpentBudget {
  of: "service" | "address";
  retryAfter: number;
}

/** Milliseconds after which the database's counts are read again. */
const countedFor = 60_000;
const counted = new WeakMap<object, { at: number; available: number }>();

/**
 * How many numbers may be assigned in an hour: ASSIGNMENTS_PER_HOUR, or a tenth of those available,
 * but at least 60. Never called inside a transaction, which already holds a connection.
 */
export async function assignmentsPerHour(db: Knex): Promise<number> {
  const { ASSIGNMENTS_PER_HOUR } = environment();
  if (ASSIGNMENTS_PER_HOUR !== undefined) return ASSIGNMENTS_PER_HOUR;
  // A transaction has the settings of its database.
  const { config } = db.client as Knex.Client;
  let count = counted.get(config);
  if (!count || performance.now() - count.at > countedFor) {
    count = { at: performance.now(), available: await countAvailable(db) };
    counted.set(config, count);
  }
  return Math.max(leastBudget, Math.floor(count.available / 10));
}

/** Whether an assignment is counted: operators' commands and the program's own are not. */
export function isBudgeted({ actor }: By): boolean {
  return environment().RATE_LIMITS === "on" && actor !== "operator" && actor !== "service";
}

/**
 * Spends one assignment of the budget, after the number was assigned and in the same transaction,
 * which keeps others from spending until it ends.
 * @returns undefined if there was one left; otherwise the assignment must be rolled back
 */
export async function spendAssignment(
  transaction: Knex,
  budget: number,
  { address = "unknown" }: By,
): Promise<SpentBudget | undefined> {
  const [network] = address === "unknown" ? [""] : networksOf(address);
  if (network !== "") {
    await transaction("recent_assignments").insert({
      network,
      assigned_at: transaction.raw(databaseNow(transaction)),
    });
  }
  // SQLite lets one transaction write at a time, and this one has written.
  const lock = isPostgres(transaction) ? "for update" : "";
  const [closed] = await query<{ now: string }>(transaction, {
    name: "lock assignment budget",
    sql: `select ${databaseNow(transaction)} as now from assignment_budget
           where open_until is null or open_until <= ${databaseNow(transaction)} ${lock}`,
  });
  if (!closed) return undefined;
  const since = hourBefore(closed.now);
  // Others are waiting by now, so it is a single query. This assignment is the newest; if the
  // budget's worth came before it, it is one too many.
  const [over] = await query<{ service: string | null; address: string | null }>(
    transaction,
    {
      name: "assignments of an hour",
      sql: `select (select assigned_at from twilio_phone_numbers where ${ofLastHour(transaction)}
                     order by assigned_at desc limit 1 offset ?) as service,
                   (select assigned_at from recent_assignments where network = ? and assigned_at > ?
                     order by assigned_at desc limit 1 offset ?) as address`,
    },
    [since, since, budget, network, since, forOneNetwork],
  );
  for (const of of ["service", "address"] as const) {
    const spentAt = over![of];
    if (spentAt !== null) return { of, retryAfter: secondsUntilOver(spentAt, closed.now) };
  }
  return undefined;
}

/** Deletes what is kept about clients whose assignments are older than an hour. */
export async function forgetOldAssignments(db: Knex): Promise<void> {
  await db("recent_assignments").where("assigned_at", "<=", inSeconds(db, -hour)).delete();
}

// The first condition uses the index; the second reads what an older program left in other forms.
const ofLastHour = (db: Knex) =>
  `status = 'assigned' and assigned_at > ? and ${isPostgres(db) ? "kept_time(assigned_at)" : keptTime("assigned_at")} > ?`;

const hourBefore = (time: string) =>
  toDatabaseTime(new Date(fromDatabaseTime(time).getTime() - hour * 1000));

function secondsUntilOver(spentAt: string, now: string): number {
  const passed = (fromDatabaseTime(now).getTime() - fromDatabaseTime(spentAt).getTime()) / 1000;
  return Math.min(Math.max(1, Math.ceil(hour - passed)), hour);
}

/** The budget as it is now, for operators. */
export interface BudgetStatus {
  /** assignments an hour */
  budget: number;
  /** those of the last hour */
  spent: number;
  /** until when there is no budget (RFC 3339), if an operator has lifted it */
  openUntil: string | null;
}

/** The budget, and what the last hour has spent of it. */
export async function budgetStatus(db: Knex): Promise<BudgetStatus> {
  const since = inSeconds(db, -hour);
  const [row] = await db("twilio_phone_numbers")
    .whereRaw(ofLastHour(db), [since, since])
    .count<{ spent: number }[]>({ spent: "*" });
  const opened = await db("assignment_budget")
    .whereRaw(`open_until > ${databaseNow(db)}`)
    .first<{ open_until: string } | undefined>("open_until");
  return {
    budget: await assignmentsPerHour(db),
    spent: Number(row!.spent),
    openUntil: opened ? toRfc3339(opened.open_until) : null,
  };
}

/**
 * Lifts the budget for a while, for all processes.
 * @param minutes from now; 0 puts it back
 * @returns until when (RFC 3339)
 */
export async function openAssignments(db: Knex, minutes: number): Promise<string> {
  return db.transaction(async (transaction) => {
    const [row] = await transaction("assignment_budget")
      .where({ id: 1 })
      .update({ open_until: inSeconds(db, minutes * 60) })
      .returning<{ open_until: string }[]>("open_until");
    await recordEvent(transaction, {
      event: "assignments-opened",
      ...operator,
      details: { minutes },
    });
    return toRfc3339(row!.open_until);
  });
}

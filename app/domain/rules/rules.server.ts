import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { callCounts } from "#app/domain/rules/call-counts.ts";
import { offerTriggers as postgresOffer } from "#app/domain/rules/offer-postgres.ts";
import { offerTriggers as sqliteOffer } from "#app/domain/rules/offer-sqlite.ts";
import * as postgres from "#app/domain/rules/postgres.ts";
import * as sqlite from "#app/domain/rules/sqlite.ts";

/**
 * The rules that hold for anyone who writes to the pool and the companies:
 *
 * 1. A number belongs to at most one company, and a company has at most one number.
 * 2. An assigned number is never un-assigned, moved, renamed or deleted; a company's number never
 * changes once set.
 * 3. `status = 'assigned'` ⇔ owner and time are set ⇔ the owner's `twilio_phone_number` is this
 * number.
 * 4. The audit trail is only added to; lines older than `audit_kept.since`, at least 30 days, may
 * be deleted.
 *
 * One UPDATE of the number assigns it: triggers carry the company along, so there is no gap between
 * statements into which another client, or a crash, could come. All rules are triggers and unique
 * indexes: on SQLite foreign keys are off by default and a CHECK cannot be added to an existing
 * table, and on PostgreSQL adding one would have to wait for every reader.
 *
 * Installed with the rules are the triggers that maintain the numbers on offer and the counts
 * (offer-postgres.ts, offer-sqlite.ts).
 *
 * A change to a rule reaches existing databases through a new migration that calls {@link install}.
 */

/** A trigger or an index that enforces a rule; some overlap. */
interface Rule {
  name: string;
  /** the columns (`table.column`) without which it cannot be made */
  needs: readonly string[];
  /** makes it, or replaces it; the database is never seen without it */
  create: readonly string[];
  drop: string;
}

const theNumber = "twilio_phone_numbers.assigned_to_company_id";
const theCompany = "companies.twilio_phone_number";

const uniqueIndex = (name: string, on: string, ...needs: string[]): Rule => ({
  name,
  needs,
  create: [`create unique index if not exists ${name} on ${on}`],
  drop: `drop index if exists ${name}`,
});

const uniqueIndexes = [
  uniqueIndex("companies_one_number_each", "companies (twilio_phone_number)", theCompany),
  uniqueIndex("companies_email_any_case", "companies (lower(email))", "companies.email"),
  uniqueIndex(
    "twilio_phone_numbers_one_per_company",
    "twilio_phone_numbers (assigned_to_company_id) where assigned_to_company_id is not null",
    theNumber,
  ),
];

const dialect = (db: Knex) => (isPostgres(db) ? postgres : sqlite);

const rulesFor = (db: Knex): Rule[] => [
  ...uniqueIndexes,
  ...dialect(db).triggers.map((trigger) => ({ needs: [theNumber, theCompany], ...trigger })),
  ...offerRules(db),
  ...callCounts[isPostgres(db) ? "postgres" : "sqlite"].map((trigger) => ({
    needs: ["calls.company_id", "calls_per_day.calls", "calls_per_day.missed"],
    ...trigger,
  })),
];

const offerRules = (db: Knex): Rule[] =>
  (isPostgres(db) ? postgresOffer : sqliteOffer).map((trigger) => ({
    needs: [theNumber, theCompany, "numbers_on_offer.id", "pool_counts.n"],
    ...trigger,
  }));

/**
 * Keeps everybody else from writing to the two tables until the transaction ends; they can still be
 * read.
 */
export async function keepWritersOut(transaction: Knex): Promise<void> {
  await transaction.raw(dialect(transaction).keepWritersOut);
}

/**
 * Brings the rules in the database into line with those here, all or none of them; a rule whose
 * table or column does not exist yet waits for the migration that makes it. Rows are not checked.
 * @param db if others may write meanwhile, a transaction that begins with {@link keepWritersOut}
 * @throws the driver's error if rows violate a unique index
 */
export async function install(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    const rules = rulesFor(db);
    const absent = new Set<string>();
    for (const column of new Set(rules.flatMap(({ needs }) => needs))) {
      const [table, name] = column.split(".") as [string, string];
      if (!(await transaction.schema.hasColumn(table, name))) absent.add(column);
    }
    for (const { create } of rules.filter(({ needs }) => !needs.some((one) => absent.has(one)))) {
      for (const statement of create) await transaction.raw(statement);
    }
  });
}

/** SQL that says whether `column` is in E.164. */
export const isE164 = (db: Knex, column: string) => dialect(db).isE164(column);

/** SQL that says whether `column` is a readable time; null if it is null. */
export const isTime = (db: Knex, column: string) => dialect(db).isTime(column);

/** Removes from the database whichever of the rules are in it. */
export async function remove(db: Knex): Promise<void> {
  for (const { drop } of rulesFor(db)) await db.raw(drop);
}

/**
 * Removes the triggers that maintain the numbers on offer and the counts, before their tables go.
 */
export async function removeOffer(db: Knex): Promise<void> {
  for (const { drop } of offerRules(db)) await db.raw(drop);
}

/** Removes the triggers that count calls, before their table goes. */
export async function removeCallCounts(db: Knex): Promise<void> {
  for (const { drop } of callCounts[isPostgres(db) ? "postgres" : "sqlite"]) await db.raw(drop);
}

export { recountCalls, refill, reindex } from "#app/domain/rules/offer.server.ts";

/** The names of the triggers and indexes that the database lacks or has switched off. */
export async function missing(db: Knex): Promise<string[]> {
  const rows = await query<{ name: string }>(db, {
    name: "rules present",
    sql: dialect(db).present,
  });
  const present = new Set(rows.map(({ name }) => name));
  return rulesFor(db)
    .map(({ name }) => name)
    .filter((name) => !present.has(name));
}

/**
 * Others' triggers, functions, indexes and tables that have the name of a rule, each as `trigger
 * “NAME”`.
 */
export async function namesTaken(db: Knex): Promise<string[]> {
  const ours = rulesFor(db).map(({ name }) => name);
  const rows = await query<{ kind: string; name: string }>(db, {
    name: "names taken",
    sql: dialect(db).named,
  });
  return rows
    .filter(({ name }) => ours.includes(name))
    .map(({ kind, name }) => `${kind} “${name}”`)
    .sort();
}

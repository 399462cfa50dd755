import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { enteredPoolAt } from "#app/domain/available-numbers.server.ts";
import { tellFacts } from "#app/domain/pool-facts.server.ts";
import { keepWritersOut } from "#app/domain/rules/sqlite.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * The pool as operators see it: they add numbers, and see who has which. Nothing here assigns one.
 */

/**
 * How many numbers enter together, in a transaction of their own: SQLite then holds its lock for
 * less than a tenth of the time that a request waits for it, so that sign-ups and choices can go on
 * meanwhile.
 */
export const batchSize = 1_000;

/**
 * Puts numbers into the pool, in their order; those already in it stay as they are. Each
 * {@link batchSize} of them enter all or none.
 * @param phoneNumbers in E.164
 * @param by for the audit trail, which has a line for each batch
 * @returns those that were added
 */
export async function addToPool(
  db: Knex,
  phoneNumbers: readonly string[],
  by: By = service,
): Promise<Set<string>> {
  const added = new Set<string>();
  for (const batch of batchesOf(phoneNumbers)) {
    const entered = await db.transaction(async (trx) => {
      await addAlone(trx);
      const entered = await addBatch(trx, batch);
      await recordAdded(trx, entered.length, by);
      return entered;
    });
    for (const phoneNumber of entered) added.add(phoneNumber);
  }
  return added;
}

/** Adds a line to the audit trail that says how many numbers a transaction has added, if any. */
export async function recordAdded(transaction: Knex, added: number, by: By): Promise<void> {
  if (added > 0)
    await recordEvent(transaction, { event: "numbers-added", ...by, details: { added } });
}

/**
 * Keeps others from adding to the pool until the transaction ends: two transactions adding the same
 * numbers in different orders would wait for each other.
 */
export async function addAlone(transaction: Knex): Promise<void> {
  // SQLite's write lock comes first: it is refused to a transaction that has already read, and any
  // statement on the pool's own table also reads the search's.
  await transaction.raw(
    isPostgres(transaction)
      ? "select pg_advisory_xact_lock(hashtext('add to the pool'))"
      : keepWritersOut,
  );
}

/**
 * Puts at most {@link batchSize} numbers into the pool, all or none, in a transaction that began
 * with {@link addAlone}.
 * @returns those that were added
 */
export async function addBatch(
  transaction: Knex,
  phoneNumbers: readonly string[],
): Promise<string[]> {
  // Not left to ON CONFLICT: SQLite first runs the trigger that guards assigned numbers, which
  // would refuse.
  const known = await knownInPool(transaction, phoneNumbers);
  const missing = phoneNumbers.filter((phoneNumber) => !known.has(phoneNumber));
  if (missing.length === 0) return [];
  await tellFacts(transaction, missing);
  const time = isPostgres(transaction) ? "cast(? as timestamp)" : "?";
  return numbersOf(
    transaction,
    `insert into twilio_phone_numbers (phone_number, status, created_at)
       select given.phone_number, 'available', ${time} from ${givenNumbers(transaction)} where true order by given.position
     on conflict (phone_number) do nothing returning phone_number`,
    [toDatabaseTime(), JSON.stringify(missing)],
  );
}

/** Which of `phoneNumbers` (E.164) the pool has, available or assigned. */
export async function knownInPool(db: Knex, phoneNumbers: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (const batch of batchesOf(phoneNumbers)) {
    const found = await numbersOf(
      db,
      `select n.phone_number from ${givenNumbers(db)}
         join twilio_phone_numbers n on n.phone_number = given.phone_number`,
      [JSON.stringify(batch)],
    );
    for (const phoneNumber of found) known.add(phoneNumber);
  }
  return known;
}

function* batchesOf(phoneNumbers: readonly string[]): Generator<string[]> {
  const distinct = [...new Set(phoneNumbers)];
  for (let start = 0; start < distinct.length; start += batchSize) {
    yield distinct.slice(start, start + batchSize);
  }
}

/**
 * SQL for `given` (phone_number, position) from one bound JSON array: statements limit how many
 * values they bind.
 */
export const givenNumbers = (db: Knex) =>
  isPostgres(db)
    ? "json_array_elements_text(?::json) with ordinality as given (phone_number, position)"
    : "(select value as phone_number, key as position from json_each(?)) as given";

/** The `phone_number` of each row that a statement returns. */
export async function numbersOf(
  db: Knex,
  sql: string,
  values: Knex.RawBinding[],
): Promise<string[]> {
  const answer: unknown = await db.raw(sql, values);
  const rows = isPostgres(db) ? (answer as { rows: unknown }).rows : answer;
  return (rows as { phone_number: string }[]).map(({ phone_number }) => phone_number);
}

/** How full the pool is, and how many companies have not chosen yet. */
export interface PoolStatus {
  available: number;
  assigned: number;
  companiesWaiting: number;
}

/** Counted as the pool changes (rules/offer-postgres.ts), whatever its size. */
export async function poolStatus(db: Knex): Promise<PoolStatus> {
  const rows = await query<{
    what: "available" | "assigned" | "companies" | "erased";
    total: number;
  }>(db, countsByWhat);
  const of = (what: string) => Number(rows.find((row) => row.what === what)?.total ?? 0);
  return {
    available: of("available"),
    assigned: of("assigned"),
    // A company has at most one number, and an assigned number has a company; an erased company
    // waits for none.
    companiesWaiting: of("companies") - of("assigned") - of("erased"),
  };
}

const countsByWhat = {
  name: "pool status",
  sql: `select what, sum(n) as total from pool_counts group by what
        union all select 'erased', count(*) from closed_companies e join companies c on c.id = e.company_id
         where e.state = 'erased' and c.twilio_phone_number is null`,
};

/** A number of the pool with its owner, for operators. Times are RFC 3339, UTC. */
export interface PoolEntry {
  phoneNumber: string;
  status: "available" | "assigned";
  companyId: number | null;
  companyName: string | null;
  assignedAt: string | null;
  createdAt: string;
}

/** Rows read at a time. */
const pageSize = 1_000;

/**
 * The whole pool in the order of entry, a page at a time, in constant memory. Numbers coming and
 * going meanwhile cause neither repeats nor gaps.
 * @param status only these
 */
export async function* eachInPool(
  db: Knex,
  status?: PoolEntry["status"],
): AsyncGenerator<PoolEntry[], void, undefined> {
  let after: number | undefined;
  for (;;) {
    const rows = await readPage(db, status, after);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    yield rows.map(fromRow);
  }
}

interface Row {
  id: number;
  phone_number: string;
  status: PoolEntry["status"];
  company_id: number | null;
  company_name: string | null;
  assigned_at: string | null;
  added_at: string;
}

function readPage(
  db: Knex,
  status: PoolEntry["status"] | undefined,
  after: number | undefined,
): Promise<Row[]> {
  return db("twilio_phone_numbers")
    .leftJoin("companies as c", "c.id", "assigned_to_company_id")
    .modify((query) => {
      if (status) void query.where("status", status);
      if (after !== undefined) void query.where("twilio_phone_numbers.id", ">", after);
    })
    .orderBy("twilio_phone_numbers.id")
    .limit(pageSize)
    .select<Row[]>(
      "twilio_phone_numbers.id",
      "phone_number",
      "status",
      "c.id as company_id",
      "c.company_name",
      "assigned_at",
      db.raw(`${enteredPoolAt(db)} as added_at`),
    );
}

function fromRow(row: Row): PoolEntry {
  return {
    phoneNumber: row.phone_number,
    status: row.status,
    companyId: row.company_id,
    companyName: row.company_name,
    assignedAt: row.assigned_at === null ? null : toRfc3339(row.assigned_at),
    createdAt: toRfc3339(row.added_at),
  };
}

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { enteredPoolAt } from "#app/domain/available-numbers.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/** The pool as operators see it: they add numbers, and look who has which. Nothing here assigns one. */

/**
 * Numbers that enter together, in a transaction of their own: SQLite keeps its lock for less than a tenth of what a
 * request waits for it, so that whoever signs up or chooses meanwhile goes on.
 */
export const batchSize = 2_000;

/**
 * Puts numbers into the pool, in their order; those that are in it already stay as they are. Each
 * {@link batchSize} of them enter all or none.
 * @param phoneNumbers in E.164
 * @returns those that were added
 */
export async function addToPool(db: Knex, phoneNumbers: readonly string[]): Promise<Set<string>> {
  const added = new Set<string>();
  for (const batch of batchesOf(phoneNumbers)) {
    const entered = await db.transaction(async (trx) => {
      await addAlone(trx);
      return insertMissing(trx, poolEntry(trx), batch.map(asEntering));
    });
    for (const phoneNumber of entered) added.add(phoneNumber);
  }
  return added;
}

/** Which of `phoneNumbers` (E.164) the pool has, available or assigned. */
export async function knownInPool(db: Knex, phoneNumbers: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (const batch of batchesOf(phoneNumbers)) {
    const found = await answerOf<{ phone_number: string }>(
      db,
      `select n.phone_number from ${givenRows(db)}
         join twilio_phone_numbers n on n.phone_number = given.phone_number`,
      [JSON.stringify(batch.map(asEntering))],
    );
    for (const { phone_number } of found) known.add(phone_number);
  }
  return known;
}

/** A number with all that is kept with it. */
export interface Entering {
  /** order among those that are given together */
  position: number;
  phone_number: string;
}

export const asEntering = (phone_number: string, position: number): Entering => ({
  position,
  phone_number,
});

// With their types on PostgreSQL.
const given: Record<keyof Entering, string> = { position: "integer", phone_number: "text" };

/** Where rows go: SQL for each column, from those of {@link Entering}, and what it binds. */
export interface Target {
  table: string;
  columns: Record<string, string>;
  values: Knex.RawBinding[];
}

/** The pool, which numbers enter now. */
export const poolEntry = (db: Knex): Target => ({
  table: "twilio_phone_numbers",
  columns: {
    phone_number: "phone_number",
    status: "'available'",
    created_at: isPostgres(db) ? "cast(? as timestamp)" : "?",
  },
  values: [toDatabaseTime()],
});

function* batchesOf(phoneNumbers: readonly string[]): Generator<string[]> {
  const distinct = [...new Set(phoneNumbers)];
  for (let start = 0; start < distinct.length; start += batchSize) {
    yield distinct.slice(start, start + batchSize);
  }
}

/** Two that add the same numbers in different orders would wait for each other. SQLite has one writer anyway. */
export async function addAlone(trx: Knex.Transaction): Promise<void> {
  if (isPostgres(trx)) await trx.raw("select pg_advisory_xact_lock(hashtext('add to the pool'))");
}

// Bound as one JSON text, since statements limit how many values they bind.
function givenRows(db: Knex): string {
  const columns = Object.entries(given);
  if (isPostgres(db)) {
    return `json_to_recordset(?::json) as given (${columns.map((column) => column.join(" ")).join(", ")})`;
  }
  const read = columns.map(([name]) => `value ->> '${name}' as ${name}`);
  return `(select ${read.join(", ")} from json_each(?)) as given`;
}

/** SQL that inserts into a target, in their order, the rows of `source` whose number it has not. */
export const insertionOf = ({ table, columns }: Target, source: string, alias: string) =>
  // Not left to ON CONFLICT alone: SQLite asks the trigger that guards assigned numbers first, and that one refuses.
  `insert into ${table} (${Object.keys(columns).join(", ")})
     select ${Object.values(columns).join(", ")} from ${source}
      where not exists (select 1 from ${table} known where known.phone_number = ${alias}.phone_number)
      order by ${alias}.position
     on conflict (phone_number) do nothing`;

/** Inserts, in their order, those of `rows` whose number the target has not, and returns their numbers. */
export async function insertMissing(
  db: Knex,
  target: Target,
  rows: readonly Entering[],
): Promise<string[]> {
  if (rows.length === 0) return [];
  const inserted = await answerOf<{ phone_number: string }>(
    db,
    `${insertionOf(target, givenRows(db), "given")} returning phone_number`,
    [...target.values, JSON.stringify(rows)],
  );
  return inserted.map(({ phone_number }) => phone_number);
}

async function answerOf<Row>(db: Knex, sql: string, values: Knex.RawBinding[]): Promise<Row[]> {
  const answer: unknown = await db.raw(sql, values);
  return (isPostgres(db) ? (answer as { rows: unknown }).rows : answer) as Row[];
}

/** How full the pool is, and how many companies have not chosen yet. */
export interface PoolStatus {
  available: number;
  assigned: number;
  companiesWaiting: number;
}

export async function poolStatus(db: Knex): Promise<PoolStatus> {
  const counts = await db("twilio_phone_numbers")
    .groupBy("status")
    .select<{ status: string; total: number }[]>("status", db.raw("count(*) as total"));
  const waiting = await db("companies")
    .whereNull("twilio_phone_number")
    .count({ total: "*" })
    .first<{ total: number }>();
  const of = (status: string) => Number(counts.find((row) => row.status === status)?.total ?? 0);
  return {
    available: of("available"),
    assigned: of("assigned"),
    companiesWaiting: Number(waiting?.total),
  };
}

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
 * The whole pool in the order of entry, a page at a time, in constant memory. What comes and goes meanwhile neither
 * repeats a number nor hides one that stays.
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

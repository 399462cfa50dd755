import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import {
  addAlone,
  asEntering,
  insertionOf,
  insertMissing,
  knownInPool,
  poolEntry,
  type Target,
} from "#app/domain/pool.server.ts";

/** Numbers that nobody else sees: they wait to enter the pool all together, or are only to show what would enter it. */
export interface Staging {
  /** Stages those of `phoneNumbers` (E.164) that neither the pool nor the staging has yet, and returns them. */
  stage(phoneNumbers: readonly string[]): Promise<Set<string>>;
  /** Puts all that is staged into the pool in one step, and returns how many of them had not come meanwhile. */
  enter(): Promise<number>;
}

/**
 * Gives `work` an empty staging. It is a temporary table, so a million numbers take no memory of the process, and on
 * SQLite no lock of anybody's until they enter. On PostgreSQL it is all one transaction, over when this returns.
 * @param db where it is SQLite, with a single connection
 */
export async function withStaging<Result>(
  db: Knex,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  // Behind a pooler a transaction is what keeps a connection; on SQLite it would keep an old view of the pool.
  if (isPostgres(db)) return db.transaction((trx) => stageIn(trx, work));
  return stageIn(db, work).finally(() => db.raw("drop table if exists temp.staged_numbers"));
}

async function stageIn<Result>(
  db: Knex,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  const postgres = isPostgres(db);
  const columns = ["phone_number"];
  await db.raw(
    `create temporary table staged_numbers ${postgres ? "on commit drop" : ""} as
       select ${columns.join(", ")}, 0 as position from twilio_phone_numbers where false`,
  );
  await db.raw(
    `create unique index ${postgres ? "" : "temp."}staged_once on staged_numbers (phone_number)`,
  );
  const target: Target = {
    table: "staged_numbers",
    columns: Object.fromEntries([...columns, "position"].map((name) => [name, name])),
    values: [],
  };
  let staged = 0;
  return work({
    async stage(phoneNumbers) {
      const known = await knownInPool(db, phoneNumbers);
      const missing = [...new Set(phoneNumbers)].filter((phoneNumber) => !known.has(phoneNumber));
      const rows = missing.map((phoneNumber) => asEntering(phoneNumber, staged++));
      return new Set(await insertMissing(db, target, rows));
    },
    enter: () => db.transaction(enter),
  });
}

/** @returns how many rows it put into the pool */
async function enter(trx: Knex.Transaction): Promise<number> {
  await addAlone(trx);
  const pool = poolEntry(trx);
  const answer: unknown = await trx.raw(
    insertionOf(pool, "staged_numbers", "staged_numbers"),
    pool.values,
  );
  if (isPostgres(trx)) return (answer as { rowCount: number }).rowCount;
  const [changes] = await trx.raw<{ total: number }[]>("select changes() as total");
  return changes!.total;
}

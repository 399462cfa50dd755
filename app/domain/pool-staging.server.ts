import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import type { By } from "#app/domain/audit.server.ts";
import {
  addAlone,
  addBatch,
  batchSize,
  givenNumbers,
  knownInPool,
  numbersOf,
  recordAdded,
} from "#app/domain/pool.server.ts";

/**
 * Numbers that nobody else sees: they wait to enter the pool all together, or only show what would
 * enter it.
 */
export interface Staging {
  /**
   * Stages those of `phoneNumbers` (E.164) that are in neither the pool nor the staging yet, and
   * returns them.
   */
  stage(phoneNumbers: readonly string[]): Promise<Set<string>>;
  /**
   * Puts everything staged into the pool in one step, with one line in the audit trail, and returns
   * how many were not added by others meanwhile.
   * @param onProgress is told how many have been dealt with
   */
  enter(by: By, onProgress?: (done: number) => void): Promise<number>;
}

/**
 * Gives `work` an empty staging. It is a temporary table, so a million numbers take none of the
 * process's memory, and on SQLite no lock until they enter. On PostgreSQL it is all one
 * transaction, over when this returns.
 * @param db if SQLite, with a single connection
 */
export async function withStaging<Result>(
  db: Knex,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  // Behind a pooler only a transaction keeps the same connection; on SQLite it would keep an old
  // view of the pool.
  if (isPostgres(db)) return db.transaction((trx) => stageIn(trx, work));
  return stageIn(db, work).finally(() => db.raw("drop table if exists temp.staged_numbers"));
}

async function stageIn<Result>(
  db: Knex,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  await db.raw(
    isPostgres(db)
      ? "create temporary table staged_numbers (id bigserial primary key, phone_number text not null unique) on commit drop"
      : "create temporary table staged_numbers (id integer primary key, phone_number text not null unique)",
  );
  return work({
    async stage(phoneNumbers) {
      const known = await knownInPool(db, phoneNumbers);
      const missing = phoneNumbers.filter((phoneNumber) => !known.has(phoneNumber));
      const staged = await numbersOf(
        db,
        `insert into staged_numbers (phone_number)
           select given.phone_number from ${givenNumbers(db)} where true order by given.position
         on conflict (phone_number) do nothing returning phone_number`,
        [JSON.stringify(missing)],
      );
      return new Set(staged);
    },
    enter: (by, onProgress) => db.transaction((trx) => enter(trx, by, onProgress)),
  });
}

async function enter(
  trx: Knex.Transaction,
  by: By,
  onProgress?: (done: number) => void,
): Promise<number> {
  await addAlone(trx);
  let [entered, after, done] = [0, 0, 0];
  for (;;) {
    const rows = await trx<{ id: number; phone_number: string }>("staged_numbers")
      .where("id", ">", after)
      .orderBy("id")
      .limit(batchSize)
      .select("id", "phone_number");
    const last = rows.at(-1);
    if (!last) {
      await recordAdded(trx, entered, by);
      return entered;
    }
    after = last.id;
    const added = await addBatch(
      trx,
      rows.map(({ phone_number }) => phone_number),
    );
    entered += added.length;
    onProgress?.((done += rows.length));
  }
}

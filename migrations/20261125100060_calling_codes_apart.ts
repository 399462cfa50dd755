import type { Knex } from "knex";
import { install, keepWritersOut, reindex } from "../app/domain/rules/rules.server.ts";

/**
 * The index of the numbers on offer tells the digits of a calling code from those that follow: to
 * find 353 among American numbers, a search had to go through all Irish ones.
 */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  await install(db);
  if (!(await isCurrent(db))) await reindex(db);
}

/** Whether the current code put the whole pool on offer, and so has indexed it that way. */
async function isCurrent(db: Knex): Promise<boolean> {
  if (isPostgres(db)) {
    return (await db.raw<{ rows: unknown[] }>(oldNumber)).rows.length === 0;
  }
  await db.raw("create virtual table temp.offer_words using fts5vocab(main, offer_search, row)");
  const words = await db.raw<unknown[]>(
    "select term from offer_words where term >= '+0' and term < '+:' limit 1",
  );
  await db.raw("drop table temp.offer_words");
  return words.length === 0;
}

const oldNumber = `
  select 1 from numbers_on_offer where phone_number ~ '^[+][0-9]{3,15}$' and not exists (
    select 1 from unnest(grams) gram where gram & 65535 between 10000 and 10999) limit 1`;

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

export function down(): void {}

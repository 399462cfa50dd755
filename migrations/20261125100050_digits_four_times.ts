import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * Indexes a digit that a number has four times in a row: its one trigram is in a hundredth of all
 * numbers, and a search for 77777 had to look at each of those.
 */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  if (isPostgres(db)) {
    await install(db);
    await db.raw(`update numbers_on_offer set shelf = shelf where ${hasRun}`);
    return;
  }
  // Removing an entry from the index takes the same text that was put in, so the previous triggers
  // do that.
  await db.raw(
    `create temp table numbers_with_runs as select ${columns} from numbers_on_offer where ${hasRun}`,
  );
  await db.raw(`delete from numbers_on_offer where ${hasRun}`);
  await install(db);
  await db.raw(
    `insert into numbers_on_offer (${columns}) select ${columns} from numbers_with_runs`,
  );
  await db.raw("drop table numbers_with_runs");
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";
const columns = "id, phone_number, entered_at, country, kind, memorable";
const hasRun = Array.from(
  { length: 10 },
  (_, digit) => `phone_number like '%${String(digit).repeat(4)}%'`,
).join(" or ");

export function down(): void {}

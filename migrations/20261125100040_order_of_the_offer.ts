import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * PostgreSQL's shelves become four times as large, so that a search for rare numbers looks through
 * a quarter as many; and the numbers on offer can be read in the pool's order too, which finds
 * common ones. SQLite has no shelves.
 */
export async function up(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  await keepWritersOut(db);
  await install(db);
  // A pool put on offer by the current code has them already, and one whose newest numbers have
  // gone may stay as it is: shelves need only be in order of entry.
  await db.raw(
    `update numbers_on_offer set shelf = shelf >> 2
      where (select max(shelf) from numbers_on_offer) > (select last_value >> 15 from numbers_on_offer_place)`,
  );
  await db.raw("create index numbers_on_offer_order on numbers_on_offer (shelf, entered_at, id)");
  await db.raw("drop index numbers_on_offer_shelf");
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

export async function down(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  await db.raw("create index numbers_on_offer_shelf on numbers_on_offer (shelf)");
  await db.raw("drop index numbers_on_offer_order");
}

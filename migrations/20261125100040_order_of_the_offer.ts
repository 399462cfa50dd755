import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * PostgreSQL's shelves become four times as large, so that a search for what is rare looks through a quarter of them; and
 * the numbers on offer are read in the pool's order, too, which finds what is common. SQLite has no shelves.
 */
export async function up(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  await keepWritersOut(db);
  await install(db);
  // A pool that was put on offer by now has them, and one whose newest numbers have gone may stay as it is: shelves need
  // only be in the order of entry.
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

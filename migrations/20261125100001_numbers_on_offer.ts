import type { Knex } from "knex";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { install, keepWritersOut, refill, removeOffer } from "../app/domain/rules/rules.server.ts";

/**
 * What searches and counts read: a row for each available number, with its country and kind and an
 * index for each way to search, and the counts. The pool's own table is left as it is, and can be
 * read meanwhile.
 */
export async function up(db: Knex): Promise<void> {
  const postgres = isPostgres(db);
  for (const table of tables) {
    if (await db.schema.hasTable(table)) {
      throw new TableInTheWayError(
        `There is a table “${table}” already that is not this program's. Nothing was changed. Rename it and migrate again.`,
      );
    }
  }
  await keepWritersOut(db);
  for (const statement of postgres ? postgresTables : sqliteTables) await db.raw(statement);
  await db.raw(`create table pool_counts (
    what text not null, country text not null, kind text not null, memorable boolean not null, slot integer not null,
    n bigint not null, primary key (what, country, kind, memorable, slot))${
      // Nearly all writes are UPDATEs, which need room on their page.
      postgres
        ? " with (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0)"
        : ""
    }`);
  await install(db);
  await refill(db);
  for (const statement of postgres ? postgresIndexes : []) await db.raw(statement);
  await db.raw("create index numbers_on_offer_unknown on numbers_on_offer (id) where kind is null");
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

const tables = ["numbers_on_offer", "pool_counts", "facts_given", "offer_search"];

const postgresTables = [
  "create sequence numbers_on_offer_place",
  `create table numbers_on_offer (
     id bigint primary key, phone_number text not null, entered_at timestamp not null, shelf integer not null,
     country text, kind text, memorable boolean, grams integer[])`,
];

const postgresIndexes = [
  "create index numbers_on_offer_grams on numbers_on_offer using gin (grams) with (fastupdate = off)",
  "create index numbers_on_offer_shelf on numbers_on_offer (shelf)",
  "analyze numbers_on_offer",
];

const sqliteTables = [
  `create table numbers_on_offer (
     id integer primary key, phone_number text not null unique, entered_at text not null,
     country text, kind text, memorable boolean)`,
  // What a transaction knows about the numbers that it is about to add.
  "create table facts_given (phone_number text primary key, country text, kind text, memorable boolean) without rowid",
  `create virtual table offer_search using fts5 (
     digits, home_after_2, home_after_3, country, kind, country_and_kind, memorable,
     content = '', detail = none, tokenize = 'trigram')`,
];

export async function down(db: Knex): Promise<void> {
  await removeOffer(db);
  for (const table of tables) await db.schema.dropTableIfExists(table);
  if (isPostgres(db)) await db.raw("drop sequence numbers_on_offer_place");
}

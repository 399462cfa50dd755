import type { Knex } from "knex";

/**
 * Where PostgreSQL counts tries for all processes: the columns of rate-limiter-flexible's store, in
 * its order. A row's key is a hash of who tried, and the row is useless after its hour. Unlogged,
 * so that a try waits for no disk: a crash of the server loses an hour's counts. SQLite has one
 * process, which counts in its memory.
 */
export async function up(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  await db.raw(`create unlogged table rate_limits (
    key text primary key,
    points integer not null default 0,
    expire bigint
  )`);
  await db.raw("create index rate_limits_expire on rate_limits (expire)");
}

export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) await db.raw("drop table rate_limits");
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

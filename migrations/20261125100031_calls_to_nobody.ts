import type { Knex } from "knex";

/**
 * Finds the newest calls to numbers that were nobody's without reading all of them. SQLite uses the
 * index of companies' calls for this; PostgreSQL cannot read that in order if a column is null.
 */
export async function up(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  await db.raw(
    `create index calls_of_nobody on calls (started_at, call_sid)
      where company_id is null and to_number is not null`,
  );
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) await db.raw("drop index calls_of_nobody");
}

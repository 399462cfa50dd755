import type { Knex } from "knex";

/**
 * The newest calls to numbers that were nobody's are found without a look at all of them. SQLite takes the index of a
 * company's calls for it; PostgreSQL takes none in order where a column of it is null.
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

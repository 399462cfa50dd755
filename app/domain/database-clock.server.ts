import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/** The database's own time, to the second in UTC: the same for all processes, whatever their machines' clocks say. */

/** SQL for the time that it is. */
export const databaseNow = (db: Knex): string =>
  isPostgres(db) ? "date_trunc('second', now() at time zone 'utc')" : "datetime('now')";

/** The time in so many seconds, as a value to write or to compare with. */
export const inSeconds = (db: Knex, seconds: number): Knex.Raw =>
  db.raw(
    isPostgres(db)
      ? "date_trunc('second', now() at time zone 'utc' + ? * interval '1 second')"
      : "datetime('now', ? || ' seconds')",
    [seconds],
  );

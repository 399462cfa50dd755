import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/**
 * The database's own time, to the second in UTC: the same for all processes, whatever their
 * machines' clocks say.
 */

/** SQL for the current time. */
export const databaseNow = (db: Knex): string =>
  isPostgres(db) ? "date_trunc('second', now() at time zone 'utc')" : "datetime('now')";

/** The time that many seconds from now, as a value to write or compare. */
export const inSeconds = (db: Knex, seconds: number): Knex.Raw =>
  db.raw(
    isPostgres(db)
      ? "date_trunc('second', now() at time zone 'utc' + ? * interval '1 second')"
      : "datetime('now', ? || ' seconds')",
    [seconds],
  );

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/**
 * Deletes the shared counts of tries (http/counter.server.ts) whose time is over.
 * @param now milliseconds
 */
export async function clearCounts(db: Knex, now = Date.now()): Promise<void> {
  if (isPostgres(db)) await db("rate_limits").where("expire", "<", now).delete();
}

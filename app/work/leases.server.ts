import type { Knex } from "knex";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";

/**
 * Which process does a job, among all machines: one row per job, taken with one conditional UPDATE,
 * so that it works behind poolers, where session locks do not. The database's clock counts,
 * whatever the machines' clocks say.
 */

/** Seconds that a lease lasts; a working process renews it long before. */
export const leaseSeconds = 60;

/** Whether a job is due and nobody is doing it. Only reads. */
export async function isFree(db: Knex, job: string): Promise<boolean> {
  const rows = await db("work_leases")
    .where({ job })
    .select<{ free: unknown }[]>(db.raw(`${freeOn(db)} as free`));
  return rows.every(({ free }) => Boolean(free));
}

const freeOn = (db: Knex) =>
  `(due_at <= ${databaseNow(db)} and (held_until is null or held_until <= ${databaseNow(db)}))`;

/**
 * Takes a job that {@link isFree}, for {@link leaseSeconds}; false if another process was quicker.
 */
export async function take(db: Knex, job: string, holder: string): Promise<boolean> {
  await db("work_leases")
    .insert({ job, due_at: inSeconds(db, 0) })
    .onConflict("job")
    .ignore();
  const taken = await db("work_leases")
    .where({ job })
    .whereRaw(freeOn(db))
    .update({ holder, held_until: inSeconds(db, leaseSeconds) });
  return taken > 0;
}

/** Holds a job for longer; false if it was lost meanwhile. */
export async function renew(db: Knex, job: string, holder: string): Promise<boolean> {
  const held = await db("work_leases")
    .where({ job, holder })
    .update({ held_until: inSeconds(db, leaseSeconds) });
  return held > 0;
}

/** Releases a job, which is due again in so many seconds. */
export async function letGo(
  db: Knex,
  job: string,
  holder: string,
  dueInSeconds: number,
): Promise<void> {
  await db("work_leases")
    .where({ job, holder })
    .update({ holder: null, held_until: null, due_at: inSeconds(db, dueInSeconds) });
}

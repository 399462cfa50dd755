import type { Knex } from "knex";

/**
 * On PostgreSQL each connection counts in rows of its own (rules/offer-postgres.ts), which are
 * added up now and then.
 */

/** Whether there are counts to add up. */
export async function hasSpreadCounts(db: Knex): Promise<boolean> {
  return (await db("pool_counts").whereNot({ slot: 0 }).first("what")) !== undefined;
}

/**
 * Adds up the counts of all connections; those being changed at the moment are left for the next
 * time.
 */
export async function foldCounts(db: Knex): Promise<void> {
  await db.raw(`
    with folded as (
      delete from pool_counts where ctid in (
        select ctid from pool_counts where slot <> 0 for update skip locked) returning *)
    insert into pool_counts as c (what, country, kind, memorable, slot, n)
    select what, country, kind, memorable, 0, sum(n) from folded group by what, country, kind, memorable
    on conflict (what, country, kind, memorable, slot) do update set n = c.n + excluded.n`);
}

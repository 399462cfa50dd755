import type { Knex } from "knex";

/** How many statements `work` sends to `db`. */
export async function countQueries(db: Knex, work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const add = () => count++;
  db.on("query", add);
  try {
    await work();
  } finally {
    db.removeListener("query", add);
  }
  return count;
}

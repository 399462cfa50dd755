import { rm, writeFile } from "node:fs/promises";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/** Why the database takes no writes while it still answers reads. */
export type NoWrites = "disk" | "read-only" | undefined;

/** Milliseconds for which an answer is reused, so that asking often does not mean writing often. */
const holdsFor = 5_000;

const answers = new WeakMap<object, { at: number; answer: Promise<NoWrites> }>();

/**
 * Whether the database's disk has room, tested by writing some kilobytes beside it and removing
 * them at once. Nothing is committed, so nothing has to reach the disk; done at most once in five
 * seconds.
 * @throws the driver's error if the database cannot be reached
 */
export function whyNoWrites(db: Knex): Promise<NoWrites> {
  const pool = (db.client as { pool: object }).pool;
  const last = answers.get(pool);
  if (last && performance.now() - last.at < holdsFor) return last.answer;
  const answer = isPostgres(db) ? tryPostgres(db) : trySqlite(db);
  answers.set(pool, { at: performance.now(), answer });
  answer.catch(() => answers.delete(pool));
  return answer;
}

// A sort with too little memory writes a file on the server; it needs no privilege and leaves no
// row to clean up.
async function tryPostgres(db: Knex): Promise<NoWrites> {
  try {
    return await db.transaction(async (transaction) => {
      await transaction.raw("set local work_mem = '64kB'");
      const { rows } = await transaction.raw<{ rows: { read_only: string }[] }>(
        `select current_setting('transaction_read_only') as read_only, count(*)
           from (select n from generate_series(1, 8000) n order by md5(n::text)) sorted group by 1`,
      );
      return rows[0]?.read_only === "on" ? "read-only" : undefined;
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "53100") return "disk";
    // Ordinary writes are not subject to the limit on such files.
    if (code === "53400") return undefined;
    throw error;
  }
}

async function trySqlite(db: Knex): Promise<NoWrites> {
  const { filename } = (db.client as Knex.Client).config.connection as { filename: string };
  const file = `${filename}-room`;
  try {
    await writeFile(file, Buffer.alloc(65_536), { mode: 0o600 });
    return undefined;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EROFS") return "read-only";
    // A process that may not create files here may still write to existing ones.
    return /^E(NOSPC|DQUOT|FBIG|IO)$/.test(code) ? "disk" : undefined;
  } finally {
    await rm(file, { force: true }).catch(() => {});
  }
}

import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { isStatementTimeout } from "#app/domain/database-errors.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * Requests that a program may repeat, since it cannot know whether one that was cut off was done. The answer is kept
 * with the key that the program gave its request, in the transaction of the effect: both are there, or neither is.
 */

/** Seconds that an answer is kept. */
export const keptFor = 24 * 60 * 60;

/** A request with a key. */
export interface KeyedRequest {
  companyId: number;
  key: string;
  /** stands for all that was asked: another request with the same key has another */
  hash: string;
}

/** An answer, as it was sent and will be again. */
export interface KeptAnswer {
  status: number;
  body: string;
}

/** What came of {@link once}. */
export type Once<Result> =
  | { outcome: "done"; result: Result }
  | { outcome: "done-before"; answer: KeptAnswer }
  /** the key is another request's */
  | { outcome: "reused" }
  /** the same request is at work, and takes its time */
  | { outcome: "in-progress" };

/**
 * Does `work` once a key, for a day: who comes again gets the answer that was kept.
 * @param work is given a transaction for all that it changes; of its `kept`, undefined says that nothing was done and
 * nothing shall be kept, so that the same key may try again
 * @throws what `work` throws, and nothing is kept
 */
export async function once<Result extends { kept: KeptAnswer | undefined }>(
  db: Knex,
  request: KeyedRequest,
  work: (transaction: Knex.Transaction) => Promise<Result>,
  now = new Date(),
): Promise<Once<Result>> {
  const { companyId, key, hash } = request;
  try {
    return await db.transaction(async (transaction): Promise<Once<Result>> => {
      if (!(await claim(transaction, request, now))) return comeBefore(transaction, request);
      const result = await work(transaction);
      if (!result.kept) throw new NothingKept(result);
      await transaction("idempotency_keys")
        .where({ company_id: companyId, key, request_hash: hash })
        .update({ ...result.kept });
      return { outcome: "done", result };
    });
  } catch (error) {
    if (error instanceof NothingKept) return { outcome: "done", result: error.result as Result };
    if (error instanceof AtWorkError) return { outcome: "in-progress" };
    throw error;
  }
}

/** Takes the transaction back, and the key with it. */
class NothingKept extends Error {
  override name = "NothingKept";
  constructor(readonly result: unknown) {
    super("nothing is kept");
  }
}

/** Whoever has the key has not ended while this request could wait. */
class AtWorkError extends Error {
  override name = "AtWorkError";
}

/**
 * Takes the key, unless it is taken. Whoever is at work with it holds its row, so this waits for the end: SQLite lets one
 * transaction write at a time, PostgreSQL waits for the row.
 */
async function claim(
  transaction: Knex.Transaction,
  { companyId, key, hash }: KeyedRequest,
  now: Date,
): Promise<boolean> {
  const expired = toDatabaseTime(new Date(now.getTime() - keptFor * 1000));
  try {
    const taken = await query(transaction, claiming, [
      companyId,
      key,
      hash,
      toDatabaseTime(now),
      expired,
    ]);
    return taken.length > 0;
  } catch (error) {
    if (isStatementTimeout(error)) throw new AtWorkError();
    throw error;
  }
}

const claiming = {
  name: "claim idempotency key",
  sql: `insert into idempotency_keys (company_id, key, request_hash, created_at) values (?, ?, ?, ?)
        on conflict (company_id, key) do update
          set request_hash = excluded.request_hash, created_at = excluded.created_at, status = null, body = null
        where idempotency_keys.created_at <= ?
        returning key`,
};

async function comeBefore(
  transaction: Knex.Transaction,
  { companyId, key, hash }: KeyedRequest,
): Promise<Once<never>> {
  const kept = await transaction("idempotency_keys")
    .where({ company_id: companyId, key })
    .first("request_hash", "status", "body");
  // Whoever takes expired ones away may have come in between.
  if (!kept || kept.status === null) return { outcome: "in-progress" };
  if (kept.request_hash !== hash) return { outcome: "reused" };
  return { outcome: "done-before", answer: { status: kept.status, body: kept.body ?? "" } };
}

/** Takes away what has been kept long enough. @returns how many */
export async function forgetOldKeys(db: Knex, now = new Date()): Promise<number> {
  return db("idempotency_keys")
    .where("created_at", "<=", toDatabaseTime(new Date(now.getTime() - keptFor * 1000)))
    .delete();
}

import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { isStatementTimeout } from "#app/domain/database-errors.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * Requests that a program may repeat, since it cannot know whether an interrupted one took effect.
 * The answer is kept with the request's key, in the transaction of the effect: both are there, or
 * neither is.
 */

/** Seconds that an answer is kept. */
export const keptFor = 24 * 60 * 60;

/** A request with a key. */
export interface KeyedRequest {
  companyId: number;
  key: string;
  /** stands for the whole request: a different request with the same key has a different one */
  hash: string;
}

/** An answer, as it was sent and will be sent again. */
export interface KeptAnswer {
  status: number;
  body: string;
}

/** The outcome of {@link once}. */
export type Once<Result> =
  | { outcome: "done"; result: Result }
  | { outcome: "done-before"; answer: KeptAnswer }
  /** the key is another request's */
  | { outcome: "reused" }
  /** the same request is still in progress */
  | { outcome: "in-progress" };

/**
 * Does `work` once per key, for a day: a repetition gets the stored answer.
 * @param work is given a transaction for everything it changes; if it returns no `kept`, nothing
 * was done and nothing is stored, so that the same key may try again
 * @throws what `work` throws; nothing is kept then
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

/** Rolls the transaction back, and the key with it. */
class NothingKept extends Error {
  override name = "NothingKept";
  constructor(readonly result: unknown) {
    super("nothing is kept");
  }
}

/** The request that has the key did not end while this one could wait. */
class AtWorkError extends Error {
  override name = "AtWorkError";
}

/**
 * Takes the key, unless it is taken. A request in progress holds the key's row, so this waits for
 * its end: SQLite lets one transaction write at a time, PostgreSQL waits for the row.
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
  // The job that deletes expired keys may have come in between.
  if (!kept || kept.status === null) return { outcome: "in-progress" };
  if (kept.request_hash !== hash) return { outcome: "reused" };
  return { outcome: "done-before", answer: { status: kept.status, body: kept.body ?? "" } };
}

/** Deletes what has been kept long enough. @returns how many */
export async function forgetOldKeys(db: Knex, now = new Date()): Promise<number> {
  return db("idempotency_keys")
    .where("created_at", "<=", toDatabaseTime(new Date(now.getTime() - keptFor * 1000)))
    .delete();
}

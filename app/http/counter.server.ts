import { createHash } from "node:crypto";
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import { database, isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { log } from "#app/log/log.server.ts";

/**
 * Counts of tries in fixed windows of time. With PostgreSQL they are in a table that all processes
 * and machines share; when that is away or slow, and with SQLite, which has one process, they are
 * in this process's memory, up to a bound. Keys are stored as hashes: neither table nor memory
 * holds an email or an address.
 */

/** Too many tries: the client has to wait. */
export class TooManyAttemptsError extends Error {
  override name = "TooManyAttemptsError";
  /** @param retryAfter seconds */
  constructor(readonly retryAfter: number) {
    super("too many attempts");
  }
}

/** The most keys that a counter keeps in memory; about half a kilobyte each. */
const mostKeys = 5_000;

/** Forgets the least recently used key when there are too many. */
class BoundedMemory extends RateLimiterMemory {
  private readonly keys = new Set<string>();

  override consume(key: string, points?: number): Promise<RateLimiterRes> {
    this.touch(key);
    return super.consume(key, points);
  }

  override reward(key: string, points?: number): Promise<RateLimiterRes> {
    this.touch(key);
    return super.reward(key, points);
  }

  private touch(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size <= mostKeys) return;
    const [oldest = ""] = this.keys;
    this.keys.delete(oldest);
    void this.delete(oldest);
  }
}

/**
 * Milliseconds: how long a count may take, and how long a database that took longer is left alone.
 */
const patience = 500;
const pause = 5_000;
let awayUntil = 0;

interface StoreQuery {
  name: string;
  text: string;
  values: (string | number)[];
}

/**
 * The database for rate-limiter-flexible's store: through our own pool, with its time-outs and
 * statements.
 */
const store = {
  async query({ name, text, values }: StoreQuery) {
    if (performance.now() < awayUntil) throw new Error("the counts are not available");
    const bindings: (string | number)[] = [];
    const sql = text.replace(/\$(\d+)/g, (_, position) => {
      bindings.push(values[Number(position) - 1]!);
      return "?";
    });
    try {
      const rows = await within(patience, query(database(), { name, sql }, bindings));
      return { rows, rowCount: rows.length };
    } catch (err) {
      awayUntil = performance.now() + pause;
      log.warn({ err }, "tries are counted by each process alone: the database took too long");
      throw err;
    }
  },
};

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** How much of something is let through: `points` in `seconds`. */
export interface Allowance {
  points: number;
  seconds: number;
}

/** Counts one kind of thing, by key. */
export class Counter {
  private readonly memory: BoundedMemory;
  private readonly shared: RateLimiterPostgres;
  private readonly points: number;
  private flooding = 0;

  /** @param name tells its keys from another counter's; a few letters */
  constructor(name: string, { points, seconds }: Allowance) {
    this.points = points;
    const options = { keyPrefix: name, points, duration: seconds };
    this.memory = new BoundedMemory(options);
    this.shared = new RateLimiterPostgres({
      ...options,
      storeClient: store,
      storeType: "client",
      tableName: "rate_limits",
      tableCreated: true,
      clearExpiredByTimeout: false,
      insuranceLimiter: this.memory,
      // Clients that keep trying are refused without asking the database.
      inMemoryBlockOnConsumed: points * 2,
    });
  }

  /**
   * Takes `points` from a key.
   * @returns how many are now spent
   * @throws {TooManyAttemptsError} when the key has no more to spend
   */
  async spend(key: string, points = 1): Promise<number> {
    try {
      return (await this.limiter().consume(fingerprint(key), points)).consumedPoints;
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      if (refused.consumedPoints >= this.points * 2) this.boundFlooding();
      throw new TooManyAttemptsError(Math.max(1, Math.ceil(refused.msBeforeNext / 1000)));
    }
  }

  /** Returns points that were spent. */
  async giveBack(key: string, points = 1): Promise<void> {
    await this.limiter().reward(fingerprint(key), points);
  }

  private limiter(): BoundedMemory | RateLimiterPostgres {
    return isPostgres(database()) ? this.shared : this.memory;
  }

  // By itself the store would remember every key that it refuses.
  private boundFlooding(): void {
    if (++this.flooding < mostKeys) return;
    this.flooding = 0;
    this.shared.deleteInMemoryBlockedAll();
  }
}

function fingerprint(key: string): string {
  return createHash("sha256").update(key).digest("base64url").slice(0, 22);
}

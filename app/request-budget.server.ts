import { AsyncLocalStorage } from "node:async_hooks";
import type pg from "pg";

/**
 * How long a request may wait for the database in all, however many statements it makes. Each waits
 * for a connection and for its answer; one after another they could keep a client waiting for as
 * many time-outs as there are statements.
 */

/**
 * Milliseconds; the rest of three seconds is for checking on an assignment whose answer was lost.
 */
const budget = 2_000;

class Budget {
  #spent = 0;
  #waits = 0;
  #since = 0;
  /** the answer has begun: streaming the rest may take its time */
  over = false;

  left(): number {
    const running = this.#waits > 0 ? performance.now() - this.#since : 0;
    return budget - this.#spent - running;
  }

  begin(): void {
    if (this.#waits++ === 0) this.#since = performance.now();
  }

  end(): void {
    if (--this.#waits === 0) this.#spent += performance.now() - this.#since;
  }
}

const budgets = new AsyncLocalStorage<Budget | undefined>();

/** Answers a request; all its database queries share one budget. */
export async function withinBudget<T>(answer: () => Promise<T>): Promise<T> {
  const own = new Budget();
  try {
    return await budgets.run(own, answer);
  } finally {
    own.over = true;
  }
}

/** Does `work` outside the budget; it has a limit of its own. */
export function besideBudget<T>(work: () => Promise<T>): Promise<T> {
  return budgets.run(undefined, work);
}

/** A wait for the database, counted against the budget. */
interface Wait {
  /** milliseconds left for it; 0 or less if none */
  left: number;
  end: () => void;
}

/** Undefined if there is no limit. */
function beginWait(): Wait | undefined {
  const own = budgets.getStore();
  if (!own || own.over) return undefined;
  const left = own.left();
  own.begin();
  return { left, end: () => own.end() };
}

interface Pooling {
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
}

/**
 * A request that has used up its time gets no more connections; a connection that comes too late is
 * released.
 */
export function limitWaitsForConnections(client: Pooling): void {
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = async () => {
    const wait = beginWait();
    if (!wait) return acquire();
    let timer: NodeJS.Timeout | undefined;
    const acquired = acquire();
    let late = false;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          late = true;
          reject(new Error("Timeout acquiring a connection: the request has waited long enough"));
        },
        Math.max(0, wait.left),
      );
    });
    acquired.then(
      (connection) => (late ? client.releaseConnection(connection) : undefined),
      () => {},
    );
    try {
      return await Promise.race([acquired, tooLong]);
    } finally {
      clearTimeout(timer);
      wait.end();
    }
  };
}

/** Milliseconds that every statement gets, so that a transaction can be rolled back. */
const least = 200;

/** A connection, with a property that pg's types leave out. */
export type Connection = pg.Client & { connectionParameters: { query_timeout?: number } };

/** Gives each statement on PostgreSQL only the time that its request has left. */
export function limitStatements(connection: Connection): void {
  const query = connection.query.bind(connection) as (...asked: unknown[]) => unknown;
  const limited = (config: unknown, ...rest: unknown[]) => {
    const done: unknown = rest.at(-1);
    const isPlain = typeof config === "object" && config !== null && !("submit" in config);
    const wait = isPlain && typeof done === "function" ? beginWait() : undefined;
    if (!wait) return query(config, ...rest);
    const usual = connection.connectionParameters.query_timeout || Infinity;
    return query(
      { ...(config as object), query_timeout: Math.min(usual, Math.max(least, wait.left)) },
      ...rest.slice(0, -1),
      (...answer: unknown[]) => {
        wait.end();
        (done as (...answer: unknown[]) => void)(...answer);
      },
    );
  };
  connection.query = limited as typeof connection.query;
}

import { closeSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import knex, { type Knex } from "knex";
import pg from "pg";
import { environment } from "#app/env.server.ts";
import { postgresAddress } from "#app/postgres-address.ts";
import { isStalePreparation } from "#app/query.server.ts";
import {
  limitStatements,
  limitWaitsForConnections,
  type Connection,
} from "#app/request-budget.server.ts";

// Dates stay the text the server sent (see domain/times.ts), and a BIGINT id is a number:
// 2^53 numbers will never be sold.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMP, (text) => text);
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => text);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Where `sqlite:PATH` keeps its file, or undefined for PostgreSQL. */
export function sqliteFile(databaseUrl: string): string | undefined {
  return databaseUrl.startsWith("sqlite:") ? databaseUrl.slice("sqlite:".length) : undefined;
}

export interface DatabaseOptions {
  /** maximum connections to PostgreSQL; SQLite has one, since it allows one writer */
  poolMax?: number;
  /**
   * milliseconds that a PostgreSQL statement, or SQLite's wait for another process's lock, may
   * take; 0 means no limit
   */
  statementTimeout?: number;
  /** SQLite refuses writes on this connection; PostgreSQL takes no notice */
  readOnly?: boolean;
}

/**
 * Opens `databaseUrl` (`postgres://…`, `postgresql://…` or `sqlite:PATH`), without connecting yet.
 * `?pgbouncer=true` leaves out what a transaction-mode pooler refuses: time-outs as start-up
 * parameters, and statements prepared by name.
 */
export function createDatabase(databaseUrl: string, options: DatabaseOptions = {}): Knex {
  const db = knex(databaseConfig(databaseUrl, options));
  limitWaitsForConnections(db.client as Knex.Client);
  if (isPostgres(db)) {
    db.userParams["prepares"] = !isPooler(databaseUrl);
    dropSpentConnections(db);
  }
  return db;
}

/** The configuration that {@link createDatabase} uses, for callers that create their own Knex. */
export function databaseConfig(
  databaseUrl: string,
  { poolMax = 10, statementTimeout = 1_500, readOnly = false }: DatabaseOptions = {},
): Knex.Config {
  const file = sqliteFile(databaseUrl);
  return file === undefined
    ? postgresConfig(databaseUrl, poolMax, statementTimeout)
    : sqliteConfig(file, statementTimeout, readOnly);
}

// Connections that must not be used again.
const spent = new WeakSet<object>();
const byUid = new Map<string, PostgresConnection>();

function postgresConfig(
  databaseUrl: string,
  poolMax: number,
  statementTimeout: number,
): Knex.Config {
  const pooler = isPooler(databaseUrl);
  return {
    ...quietly,
    client: "pg",
    connection: {
      connectionString: databaseUrl,
      application_name: "company-phone-numbers",
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      // A frozen server says nothing, so only the client's own limit ends the wait.
      ...(statementTimeout > 0 && { query_timeout: statementTimeout + 500 }),
      ...(!pooler &&
        (statementTimeout > 0
          ? {
              statement_timeout: statementTimeout,
              idle_in_transaction_session_timeout: 10_000,
            }
          : // pg does not send a 0, and the role may have limits of its own.
            {
              options: "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
            })),
    },
    pool: {
      min: 0,
      max: poolMax,
      idleTimeoutMillis: 30_000,
      afterCreate: (
        connection: PostgresConnection,
        done: (error: Error | null, connection: PostgresConnection) => void,
      ) => {
        byUid.set(connection.__knexUid, connection);
        limitStatements(connection);
        connection.once("end", () => byUid.delete(connection.__knexUid));
        // A time written without a zone is UTC, even in an adopted column that has a zone.
        // No statement here runs long enough for compiling it to pay.
        connection.query(
          "set time zone 'UTC'; set datestyle to 'ISO'; set jit to off",
          (error: Error | null) => done(error, connection),
        );
      },
      validate: (connection: object) => !spent.has(connection),
    },
    acquireConnectionTimeout: Math.max(2_000, statementTimeout),
  };
}

function dropSpentConnections(db: Knex): void {
  db.on("query-error", (error: Error, { __knexUid }: { __knexUid: string }) => {
    const connection = byUid.get(__knexUid);
    if (!connection) return;
    if (isStalePreparation(error)) spent.add(connection);
    // The answer to a timed-out statement may still come, and the next statement would wait for it.
    if (/Query read timeout/.test(error.message)) {
      spent.add(connection);
      connection.end().catch(() => {});
    }
  });
}

const isPooler = (databaseUrl: string) => postgresAddress(databaseUrl)?.isPooler ?? false;

type PostgresConnection = Connection & { __knexUid: string };

// Errors are thrown to the caller; Knex would also print them, with a statement's values, among
// data and log lines.
const quietly: Knex.Config = {
  compileSqlOnError: false,
  log: { warn() {}, error() {} },
};

interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
  all(sql: string, values: unknown[], done: (error: Error | null, rows?: unknown[]) => void): void;
}

/** A full disk ends a transaction by itself; the rollback's failure must not hide the reason. */
function forgiveRollback(connection: SqliteConnection): void {
  const all = connection.all.bind(connection);
  connection.all = (sql, values, done) =>
    all(sql, values, (error, rows) =>
      /^rollback\b/i.test(sql) && error?.message.endsWith("no transaction is active")
        ? done(null, [])
        : done(error, rows),
    );
}

function sqliteConfig(file: string, busyTimeout: number, readOnly: boolean): Knex.Config {
  if (file !== ":memory:" && file !== "") {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    // It holds password hashes; an existing file keeps its mode.
    closeSync(openSync(file, "a", 0o600));
  }
  return {
    ...quietly,
    client: "sqlite3",
    connection: { filename: file },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      // The migration puts the file into WAL mode, in which synchronous=NORMAL may lose the last
      // commits in a power cut.
      afterCreate: (
        connection: SqliteConnection,
        done: (error: Error | null, connection: SqliteConnection) => void,
      ) => {
        forgiveRollback(connection);
        connection.exec(
          `PRAGMA busy_timeout = ${busyTimeout || 30_000};
           PRAGMA synchronous = FULL;
           PRAGMA foreign_keys = ON;
           PRAGMA query_only = ${readOnly ? "ON" : "OFF"};`,
          (error) => {
            if (error) return done(error, connection);
            // If a connection first touches the search's table in a transaction, SQLite does not
            // wait for a lock that others hold, but fails. Before the migration there is no such
            // table.
            connection.exec("SELECT 1 FROM offer_search LIMIT 0", () => done(null, connection));
          },
        );
      },
    },
    acquireConnectionTimeout: Math.max(2_500, busyTimeout),
  };
}

/**
 * Lends `work` an empty SQLite database, for what may not fit into memory. It is in memory while it
 * is small, then in a file without a name, and gone when this returns or the process ends.
 */
export async function withScratch<Result>(
  work: (scratch: Knex) => Promise<Result>,
): Promise<Result> {
  const scratch = createDatabase("sqlite:");
  return work(scratch).finally(() => scratch.destroy());
}

/** Whether `db` is PostgreSQL; the other engine is SQLite. */
export function isPostgres(db: Knex): boolean {
  return (db.client as Knex.Client).config.client === "pg";
}

let opened: Knex | undefined;
let reader: Knex | undefined;
let worker: Knex | undefined;

/** The database that the environment names, opened on first use in this process. */
export function database(): Knex {
  opened ??= createDatabase(environment().DATABASE_URL, {
    poolMax: environment().DATABASE_POOL_MAX,
  });
  return opened;
}

/**
 * {@link database} for reading only. With SQLite it is a second connection, since the first may be
 * waiting for another process's write lock, and readers need no lock (WAL). It sees commits at
 * once.
 */
export function reading(): Knex {
  if (!hasFile()) return database();
  return (reader ??= createDatabase(environment().DATABASE_URL, { readOnly: true }));
}

/**
 * {@link database} for work in the background. With SQLite it is a separate connection, so that no
 * request waits while a job waits for another process's lock.
 */
export function working(): Knex {
  if (!hasFile()) return database();
  return (worker ??= createDatabase(environment().DATABASE_URL));
}

function hasFile(): boolean {
  const file = sqliteFile(environment().DATABASE_URL);
  return file !== undefined && file !== ":memory:";
}

/**
 * Closes what {@link database}, {@link reading} and {@link working} opened; the next call opens it
 * again.
 */
export async function closeDatabase(): Promise<void> {
  const closing = [opened, reader, worker].filter((db) => db !== undefined);
  opened = reader = worker = undefined;
  await Promise.all(closing.map((db) => db.destroy()));
}

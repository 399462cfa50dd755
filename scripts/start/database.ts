import { chmodSync, existsSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { createDatabase, isPostgres, sqliteFile } from "../../app/db.server.ts";
import {
  isDatabaseUnavailable,
  mayBeStarting,
  whatIsInTheWay,
  whyNoDatabase,
} from "../../app/domain/database-errors.server.ts";
import { describeError } from "../../app/log/scrub.server.ts";
import { TableInTheWayError } from "../../app/doctor/damage/table-in-the-way.ts";
import { poolStatus } from "../../app/domain/pool.server.ts";
import { postgresAddress } from "../../app/postgres-address.ts";
import {
  applicationId,
  migrateToLatest,
  UnfitDatabaseError,
  usualPatience,
} from "../../app/migrate.server.ts";

/**
 * The database cannot be used; the message is one line for an operator, without a driver's text.
 */
export class DatabaseUnusableError extends Error {
  override name = "DatabaseUnusableError";
}

// Seconds; a database started together with this program needs a moment.
const startingUp = 30;

/**
 * Waits for the database, migrates it, and puts demo numbers into an empty pool if asked to.
 * @param patience seconds that a migration waits for others to release the tables
 * @param say is told what was done and what it is waiting for
 * @returns how many numbers are available
 * @throws {DatabaseUnusableError}
 */
export async function prepareDatabase(
  databaseUrl: string,
  { demoNumbers, patience = usualPatience }: { demoNumbers: boolean; patience?: number },
  say: (line: string) => void,
): Promise<number> {
  const place = placeOf(databaseUrl);
  let db: Knex | undefined;
  try {
    db = createDatabase(databaseUrl, { statementTimeout: 0 });
    await waitFor(db, place, say);
  } catch (error) {
    await db?.destroy();
    throw new DatabaseUnusableError(`DATABASE_URL: ${place} ${whyNoDatabase(error)}.`);
  }
  try {
    const migrated = await migrateToLatest(db, say, patience);
    if (migrated.length > 0) say(`Migrated ${place}: ${migrated.join(", ")}.`);
    if (await closeToOthers(db)) say(`Took the rights of others off ${place}.`);
    if (demoNumbers) await addDemoNumbers(db, say);
    return await availableToWorkers(databaseUrl);
  } catch (error) {
    throw new DatabaseUnusableError(await whyNotPrepared(error, place));
  } finally {
    await db.destroy();
  }
}

async function whyNotPrepared(error: unknown, place: string): Promise<string> {
  // It loads all numbering plans, which a start that finds nothing wrong does not need.
  const { PoolDamagedError } = await import("../../app/doctor/damage/diagnosis.server.ts");
  if (error instanceof PoolDamagedError || error instanceof TableInTheWayError) {
    return error.message;
  }
  const inTheWay = whatIsInTheWay(error);
  if (inTheWay !== undefined) return `DATABASE_URL: ${place} could not be migrated. ${inTheWay}`;
  const why =
    error instanceof UnfitDatabaseError
      ? error.message
      : isDatabaseUnavailable(error)
        ? whyNoDatabase(error)
        : `could not be migrated (${describeError(error).code ?? "a fault of the program"}): “npm run doctor” looks for the cause, and the database's own log has more`;
  return `DATABASE_URL: ${place} ${why}.`;
}

// Only a file that this program made: other users may be entitled to an adopted one.
async function closeToOthers(db: Knex): Promise<boolean> {
  if (isPostgres(db)) return false;
  const { filename } = (db.client as Knex.Client).config.connection as { filename: string };
  const [made] = (await db.raw("pragma application_id")) as [{ application_id: number }];
  if (made.application_id !== applicationId) return false;
  const { mode, uid } = statSync(filename);
  if ((mode & 0o077) === 0 || uid !== process.getuid?.()) return false;
  chmodSync(filename, 0o600);
  for (const beside of ["-wal", "-shm"]) {
    if (existsSync(filename + beside)) chmodSync(filename + beside, 0o600);
  }
  return true;
}

// Connects as the workers do, with time-outs that a pooler may refuse: better now than at each
// request.
async function availableToWorkers(databaseUrl: string): Promise<number> {
  const db = createDatabase(databaseUrl, { poolMax: 1 });
  try {
    return (await poolStatus(db)).available;
  } finally {
    await db.destroy();
  }
}

async function waitFor(db: Knex, place: string, say: (line: string) => void): Promise<void> {
  const deadline = Date.now() + startingUp * 1000;
  for (let attempt = 1; ; attempt++) {
    try {
      await db.raw("select 1");
      return;
    } catch (error) {
      if (!mayBeStarting(error) || Date.now() > deadline) throw error;
      if (attempt === 1) say(`Waiting for ${place}…`);
      await setTimeout(500);
    }
  }
}

async function addDemoNumbers(db: Knex, say: (line: string) => void): Promise<void> {
  const { available, assigned } = await poolStatus(db);
  if (available + assigned > 0) return;
  const { seed } = await import("../../seeds/demo-phone-numbers.ts");
  await seed(db);
  const added = (await poolStatus(db)).available;
  say(`The pool was empty: ${added} demo numbers were added. They take no calls.`);
}

/** The database's name for people, without user and password. */
function placeOf(databaseUrl: string): string {
  const file = sqliteFile(databaseUrl);
  if (file !== undefined) return file;
  const { host, port, database } = postgresAddress(databaseUrl)!;
  return `the database ${database} on ${host}${host.startsWith("/") ? "" : `:${port}`}`;
}

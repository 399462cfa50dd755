import { readdirSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

// The sources have migrations/*.ts beside app/, a build has build/migrations/*.js beside its
// folders of code.
const directory = path.resolve(import.meta.dirname, "../migrations");
const extension = path.extname(import.meta.filename);

/** The names in Knex's table: those of the sources, wherever the migrations are run from. */
function migrationNames(): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith(extension))
    .map((file) => `${path.basename(file, extension)}.ts`)
    .sort();
}

export const migrationConfig: Knex.MigratorConfig = {
  migrationSource: {
    getMigrations: async () => migrationNames(),
    getMigrationName: (name) => name,
    async getMigration(name) {
      const file = path.basename(name, ".ts") + extension;
      return import(
        /* @vite-ignore */ pathToFileURL(path.join(directory, file)).href
      ) as Promise<Knex.Migration>;
    },
  } satisfies Knex.MigrationSource<string>,
  // For migrations made by Knex's own command line.
  extension: "ts",
  // A database migrated by a later version is no obstacle: migrations only add.
  disableMigrationsListValidation: true,
};

/**
 * The database cannot be migrated; the message, for an operator, ends a sentence that begins with
 * "it".
 */
export class UnfitDatabaseError extends Error {
  override name = "UnfitDatabaseError";
}

/** Seconds that the migration waits for others to release the tables, unless told otherwise. */
export const usualPatience = 30;

// Any number that no other program uses; it means "companies and numbers are being migrated".
const advisoryLock = 3_531_234_567;

/**
 * Brings the schema up to date in one transaction, after any other process that is doing so. If it
 * fails, it leaves nothing behind, not even Knex's own tables.
 * @param db opened with `statementTimeout: 0`, since a large table takes its time
 * @param say is told once what it is waiting for, if that takes more than a moment
 * @param patience seconds to wait for others to release the tables
 * @returns the names of the migrations that were run; empty when there was nothing to do
 * @throws {UnfitDatabaseError}
 * @throws the driver's error if others have held the tables for that long
 */
export async function migrateToLatest(
  db: Knex,
  say: (line: string) => void = () => {},
  patience = usualPatience,
): Promise<string[]> {
  await requireUtf8(db);
  const missing = (await pendingMigrations(db)).length > 0;
  if (isPostgres(db))
    return missing ? unlessLocked(db, () => migratePostgres(db, say, patience)) : [];
  return withLogAhead(db, say, patience, async () =>
    missing ? unlessLocked(db, () => migrateSqlite(db)) : [],
  );
}

// People's names may be in any script.
async function requireUtf8(db: Knex): Promise<void> {
  const encoding = await encodingOf(db);
  if (encoding !== "UTF8") {
    throw new UnfitDatabaseError(
      `is in ${encoding}, and must be in UTF-8: make a new one (createdb --encoding=UTF8 --template=template0 NAME)`,
    );
  }
}

/** The database's text encoding, by PostgreSQL's name for it. */
export async function encodingOf(db: Knex): Promise<string> {
  if (!isPostgres(db)) return "UTF8";
  const { rows } = await db.raw<{ rows: [{ server_encoding: string }] }>("show server_encoding");
  return rows[0].server_encoding;
}

async function migratePostgres(
  db: Knex,
  say: (line: string) => void,
  patience: number,
): Promise<string[]> {
  return db.transaction(async (transaction) => {
    const { rows } = await transaction.raw<{ rows: [{ pid: number }] }>(
      "select pg_backend_pid() as pid",
    );
    const watch = setInterval(() => {
      void blocker(db, rows[0].pid).then((told) => {
        if (!told) return;
        clearInterval(watch);
        say(`Waiting for ${told}…`);
      });
    }, 1_000);
    try {
      await transaction.raw("select pg_advisory_xact_lock(?)", [advisoryLock]);
      await lockTables(transaction, patience);
      await transaction.raw(`set local lock_timeout = '${patience}s'`);
      return await latest(transaction);
    } finally {
      clearInterval(watch);
    }
  });
}

/**
 * Locks both tables that others write to, or neither; they can still be read. Servers of the
 * previous version are still at work: waiting for one table while holding the other could deadlock,
 * and a long wait holds up everybody behind it.
 */
async function lockTables(transaction: Knex, patience: number): Promise<void> {
  const { rows } = await transaction.raw<{ rows: { name: string }[] }>(
    `select oid::regclass::text as name from pg_class where relkind = 'r'
        and oid in (to_regclass('twilio_phone_numbers'), to_regclass('companies'))`,
  );
  if (rows.length === 0) return;
  const tables = rows.map(({ name }) => name).join(", ");
  const deadline = Date.now() + patience * 1_000;
  for (;;) {
    try {
      await transaction.transaction(async (attempt) => {
        await attempt.raw("set local lock_timeout = '200ms'");
        await attempt.raw(`lock table ${tables} in share row exclusive mode`);
      });
      return;
    } catch (error) {
      // PostgreSQL, "Appendix A. Error Codes": insufficient_privilege, lock_not_available,
      // deadlock_detected.
      const { code = "" } = error as { code?: string };
      // The migration itself says which privilege is missing.
      if (code === "42501") return;
      if (!["55P03", "40P01"].includes(code)) throw error;
      if (Date.now() > deadline) throw error;
      await setTimeout(100);
    }
  }
}

/** What is keeping this backend waiting. */
async function blocker(db: Knex, pid: number): Promise<string | undefined> {
  const { rows } = await db
    .raw<{ rows: { pid: number; name: string }[] }>(
      `select pid, coalesce(nullif(application_name, ''), usename, '') as name from pg_stat_activity
        where pid = any (pg_blocking_pids(?)) order by xact_start limit 1`,
      [pid],
    )
    .catch(() => ({ rows: [] }));
  return rows[0] && `another transaction: PostgreSQL's process ${rows[0].pid} (${rows[0].name})`;
}

/** Marks SQLite files made by this program, as the `file` command shows; "CPhN". */
export const applicationId = 0x4350684e;

async function migrateSqlite(db: Knex): Promise<string[]> {
  const [{ application_id: id }] = (await db.raw("pragma application_id")) as [
    { application_id: number },
  ];
  return db.transaction(async (transaction) => {
    // Takes the write lock before anything is read.
    await transaction.raw(`pragma application_id = ${id}`);
    const isNew = (await transaction("sqlite_master").first("name")) === undefined;
    if (isNew) await transaction.raw(`pragma application_id = ${applicationId}`);
    return latest(transaction);
  });
}

/**
 * Does `work` on the file in write-ahead mode, so that it can be read meanwhile. The file keeps
 * that mode, unless the work fails and the file was not in it before.
 */
async function withLogAhead<T>(
  db: Knex,
  say: (line: string) => void,
  patience: number,
  work: () => Promise<T>,
): Promise<T> {
  const journal = async (mode = "") => {
    const [{ journal_mode }] = (await db.raw(`pragma journal_mode${mode}`)) as [
      { journal_mode: string },
    ];
    return journal_mode;
  };
  const before = await journal();
  // Busy while another process writes, or reads a file that is not in that mode yet.
  await patiently(db, say, patience, async () => {
    await db.raw("begin exclusive");
    await db.raw("rollback");
    await journal(" = wal");
  });
  try {
    return await work();
  } catch (error) {
    if (before !== "wal") await journal(` = ${before}`).catch(() => {});
    throw error;
  }
}

/** Retries while others have SQLite's file locked, up to `patience` seconds. */
async function patiently(
  db: Knex,
  say: (line: string) => void,
  patience: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const { filename } = (db.client as Knex.Client).config.connection as { filename: string };
  const deadline = Date.now() + patience * 1_000;
  for (let attempt = 1; ; attempt++) {
    try {
      await db.raw("pragma busy_timeout = 250");
      await work();
      await db.raw(`pragma busy_timeout = ${patience * 1_000}`);
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "SQLITE_BUSY" || Date.now() > deadline) throw error;
      if (attempt === 2)
        say(`Waiting for another process, which has ${filename} open in a transaction…`);
      await setTimeout(250);
    }
  }
}

async function latest(transaction: Knex): Promise<string[]> {
  const [, names] = (await transaction.migrate.latest(migrationConfig)) as [number, string[]];
  return names;
}

// Knex's own command line may be migrating: it takes only its lock row. If it was killed, nobody
// is.
async function unlessLocked<T>(db: Knex, migrate: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await migrate();
    } catch (error) {
      if ((error as Error).name !== "MigrationLocked") throw error;
      if (attempt >= 15) await db.migrate.forceFreeMigrationsLock(migrationConfig);
      else await setTimeout(1_000);
    }
  }
}

/**
 * Migrations that the program has and the database lacks; none when the schema is current, all of
 * them for an empty database.
 */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  const known = migrationNames();
  if (!(await db.schema.hasTable("knex_migrations"))) return known;
  const done = new Set<string>(await db("knex_migrations").pluck("name"));
  return known.filter((name) => !done.has(name));
}

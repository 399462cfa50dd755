import { copyFileSync, existsSync, mkdtempSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import path from "node:path";
import type { Knex } from "knex";
import pg from "pg";
import { describe, inject } from "vitest";
import { createDatabase, type DatabaseOptions } from "#app/db.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { cleanUpLater } from "./clean-up.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Names the databases of this run. */
    runId: string;
    /** A directory that is removed when the run is over. */
    runDirectory: string;
  }
}

/** Both engines; neither is optional. */
export const engines = ["sqlite", "postgres"] as const;
export type Engine = (typeof engines)[number];

export interface TestDatabase {
  /** as in DATABASE_URL */
  url: string;
  /**
   * Drops it, cutting its connections. This happens by itself when the test or the file is over.
   */
  drop(): Promise<void>;
}

const connections = new pg.Pool({
  connectionString: inject("postgresUrl"),
  max: 2,
  allowExitOnIdle: true,
});

async function onServer<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connections.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

function postgresUrl(name: string): string {
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  return url.href;
}

function newSqliteFile(): string {
  return path.join(mkdtempSync(path.join(inject("runDirectory"), "sqlite-")), "app.db");
}

async function newPostgresDatabase(template?: string): Promise<TestDatabase> {
  const name = `test_${inject("runId")}_${randomBytes(6).toString("hex")}`;
  await onServer((client) =>
    client.query(`create database ${name}${template ? ` template ${template}` : ""}`),
  );
  return {
    url: postgresUrl(name),
    drop: () =>
      onServer((client) => client.query(`drop database if exists ${name} with (force)`)).then(
        () => {},
      ),
  };
}

function sqliteDatabase(file: string): TestDatabase {
  return {
    url: `sqlite:${file}`,
    drop: () => rm(path.dirname(file), { recursive: true, force: true }),
  };
}

function dropLater(database: TestDatabase): TestDatabase {
  cleanUpLater(() => database.drop());
  return database;
}

/** Makes a new, empty database. */
export async function createTestDatabase(engine: Engine): Promise<TestDatabase> {
  return dropLater(
    engine === "sqlite" ? sqliteDatabase(newSqliteFile()) : await newPostgresDatabase(),
  );
}

async function migrate(url: string): Promise<void> {
  const db = createDatabase(url, { statementTimeout: 0 });
  try {
    await migrateToLatest(db);
    if (url.startsWith("sqlite:")) {
      await db.raw("pragma wal_checkpoint(truncate)");
    }
  } finally {
    await db.destroy();
  }
}

/**
 * The workers of a run share its templates, so one of them makes each, under a lock on the shared
 * server.
 */
async function templateOnce(
  engine: Engine,
  make: (client: pg.PoolClient) => Promise<void>,
): Promise<void> {
  const lock = [inject("runId"), engine];
  await onServer(async (client) => {
    await client.query("select pg_advisory_lock(hashtext($1), hashtext($2))", lock);
    try {
      await make(client);
    } finally {
      await client.query("select pg_advisory_unlock(hashtext($1), hashtext($2))", lock);
    }
  });
}

async function sqliteTemplate(): Promise<string> {
  const template = path.join(inject("runDirectory"), "migrated.db");
  if (!existsSync(template)) {
    await templateOnce("sqlite", async () => {
      if (existsSync(template)) return;
      const file = newSqliteFile();
      await migrate(`sqlite:${file}`);
      renameSync(file, template);
    });
  }
  return template;
}

async function postgresTemplate(): Promise<string> {
  const template = `test_${inject("runId")}_migrated`;
  await templateOnce("postgres", async (client) => {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [
      template,
    ]);
    if (rowCount) return;
    await client.query(`create database ${template}_unfinished`);
    try {
      await migrate(postgresUrl(`${template}_unfinished`));
      await client.query(`alter database ${template}_unfinished rename to ${template}`);
    } catch (error) {
      await client.query(`drop database if exists ${template}_unfinished with (force)`);
      throw error;
    }
  });
  return template;
}

const templates: { [engine in Engine]?: Promise<string> } = {};

/**
 * Makes a new migrated database: a copy of one that is migrated once per run, so it takes
 * milliseconds.
 */
export async function createMigratedDatabase(engine: Engine): Promise<TestDatabase> {
  if (engine === "postgres") {
    return dropLater(await newPostgresDatabase(await (templates.postgres ??= postgresTemplate())));
  }
  const file = newSqliteFile();
  copyFileSync(await (templates.sqlite ??= sqliteTemplate()), file);
  return dropLater(sqliteDatabase(file));
}

/** Opens `url` until the test, or the file whose `beforeAll` this is, is over. */
export function openDatabase(url: string, options?: DatabaseOptions): Knex {
  const db = createDatabase(url, options);
  cleanUpLater(() => db.destroy());
  return db;
}

/**
 * Describes `name` once for SQLite and once for PostgreSQL. `open()`, in a test or its
 * `beforeEach`, gives it a migrated database of its own, closed and dropped when the test is over;
 * in a `beforeAll`, one for the whole file.
 */
export function describeEachEngine(
  name: string,
  body: (engine: Engine, open: (options?: DatabaseOptions) => Promise<Knex>) => void,
): void {
  for (const engine of engines) {
    describe(`${name} (${engine})`, () => {
      body(engine, async (options) => {
        const { url } = await createMigratedDatabase(engine);
        return openDatabase(url, options);
      });
    });
  }
}

import { readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Knex } from "knex";
import { createDatabase, isPostgres } from "#app/db.server.ts";

// The sources have migrations/*.ts beside app/, a build has build/migrations/*.js beside its folders of code.
const directory = path.resolve(import.meta.dirname, "../migrations");
const extension = path.extname(import.meta.filename);

/** What Knex's table calls them: by their sources, wherever they are run from. */
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
  // Of those that Knex's own command line makes.
  extension: "ts",
  // A database that a later version has migrated is no obstacle: migrations only add.
  disableMigrationsListValidation: true,
};

// Any number that no other program takes; it stands for "companies and numbers are being migrated".
const advisoryLock = 3_531_234_567;

/**
 * Brings the schema up to date, waiting for any other process that is doing so.
 * The wait is on a lock that the engine itself frees when its holder dies; Knex's own lock row refuses the second
 * process, and stays behind when one is killed.
 * @param db opened with `statementTimeout: 0`, since a large table takes its time
 * @returns the names of the migrations that were run; empty when there was nothing to do
 */
export async function migrateToLatest(db: Knex): Promise<string[]> {
  if (isPostgres(db)) {
    return db.transaction(async (lock) => {
      await lock.raw("select pg_advisory_xact_lock(?)", [advisoryLock]);
      return latest(db);
    });
  }
  const { filename } = (db.client as Knex.Client).config.connection as {
    filename: string;
  };
  const lock = createDatabase(`sqlite:${filename}.migrating`, {
    statementTimeout: 60_000,
  });
  try {
    await lock.raw("begin exclusive");
    return await latest(db);
  } finally {
    await lock.destroy();
  }
}

async function latest(db: Knex): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const [, names] = (await db.migrate.latest(migrationConfig)) as [number, string[]];
      return names;
    } catch (error) {
      if ((error as Error).name !== "MigrationLocked") throw error;
      // Knex's own command line may be at work, which takes none but this lock; if it was killed, nobody is.
      if (attempt >= 15) await db.migrate.forceFreeMigrationsLock();
      else await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/**
 * Migrations that the program has and the database has not: empty when the schema is current.
 * An empty database misses all of them.
 */
export async function pendingMigrations(db: Knex): Promise<string[]> {
  const known = migrationNames();
  if (!(await db.schema.hasTable("knex_migrations"))) return known;
  const done = new Set<string>(await db("knex_migrations").pluck("name"));
  return known.filter((name) => !done.has(name));
}

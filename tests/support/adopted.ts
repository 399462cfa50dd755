import type { Knex } from "knex";
import { vi } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { createTestDatabase, engines, openDatabase } from "./databases.ts";
import { createLegacyTables } from "./legacy.ts";

/** The kinds of database that the old system left. */
export const databases = [
  ...engines.map((engine) => ({ engine, name: engine, upgraded: false })),
  { engine: "sqlite", name: "old upgraded sqlite", upgraded: true },
] as const;

/** Opens one of them, empty. */
export async function openLegacy({
  engine,
  upgraded,
}: (typeof databases)[number]): Promise<{ db: Knex; url: string }> {
  const { url } = await createTestDatabase(engine);
  const db = openDatabase(url, { statementTimeout: 0 });
  await createLegacyTables(db, { upgraded });
  return { db, url };
}

/** Migrates, expecting it to stop. @returns the reason */
export async function failedMigration(db: Knex): Promise<Error> {
  // Knex prints the error too.
  const log = vi.spyOn(console, "log").mockReturnValue();
  const failure: unknown = await migrateToLatest(db).then(
    () => new Error("it did not stop"),
    (error: unknown) => error,
  );
  log.mockRestore();
  if (!(failure instanceof Error)) throw failure;
  return failure;
}

/**
 * Everything with a name in a database, Knex's own tables included, and the mode of SQLite's file.
 */
export async function everythingIn(db: Knex): Promise<unknown> {
  if (isPostgres(db)) {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      "select relnamespace::regnamespace::text as place, relname, relkind from pg_class order by oid",
    );
    return rows;
  }
  return [
    await db.raw("select type, name, sql from sqlite_master order by name"),
    await db.raw("pragma journal_mode"),
    await db.raw("pragma application_id"),
  ];
}

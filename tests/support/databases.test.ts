import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createMigratedDatabase,
  createTestDatabase,
  describeEachEngine,
  engines,
  openDatabase,
} from "./databases.ts";

describe.each(engines)("%s", (engine) => {
  test("a test database is empty", async () => {
    const { url } = await createTestDatabase(engine);
    const db = openDatabase(url);
    expect(await db.schema.hasTable("knex_migrations")).toBe(false);
  });

  test("a migrated database is a copy of its own", async () => {
    const first = openDatabase((await createMigratedDatabase(engine)).url);
    const second = openDatabase((await createMigratedDatabase(engine)).url);
    await first.schema.createTable("only_here", (table) => table.integer("id"));
    expect(await first.schema.hasTable("only_here")).toBe(true);
    expect(await second.schema.hasTable("only_here")).toBe(false);
    expect(await second("knex_migrations").pluck("name")).not.toEqual([]);
  });
});

const seen: string[] = [];

describeEachEngine("describeEachEngine", (engine, open) => {
  let ofTheFile: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    ofTheFile = await open();
    await ofTheFile.schema.createTable("shared", (table) => table.integer("id"));
  });

  test("opens a database for the test, and in beforeAll one for the file", async () => {
    seen.push(engine);
    const db = await open();
    expect(await db.schema.hasTable("shared")).toBe(false);
    expect(await ofTheFile.schema.hasTable("shared")).toBe(true);
  });
});

afterAll(() => {
  expect(seen).toEqual([...engines]);
});

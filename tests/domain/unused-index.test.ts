import { expect, test } from "vitest";
import { missing } from "#app/domain/rules/rules.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";

test.each(engines)(
  "an earlier version's index that nothing reads any more is dropped (%s)",
  async (engine) => {
    const db = openDatabase((await createMigratedDatabase(engine)).url);
    const migration = "20261125090051_unused_index.ts";
    await db.raw(
      "create index twilio_phone_numbers_available on twilio_phone_numbers (created_at, id) where status = 'available'",
    );
    await db("knex_migrations").where({ name: migration }).delete();
    expect(await migrateToLatest(db)).toEqual([migration]);
    const names: string[] =
      engine === "postgres"
        ? await db("pg_indexes").pluck("indexname")
        : await db("sqlite_master").where({ type: "index" }).pluck("name");
    expect(names).toContain("twilio_phone_numbers_on_offer");
    expect(names).not.toContain("twilio_phone_numbers_available");
    expect(await missing(db)).toEqual([]);
  },
);

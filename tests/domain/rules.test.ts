import { readFileSync } from "node:fs";
import type { Knex } from "knex";
import { expect, test, vi } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { install, isTime, missing, remove } from "#app/domain/rules/rules.server.ts";
import { readTime } from "#app/domain/times.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage, restoreRules } from "#app/doctor/repair.server.ts";
import { migrateToLatest, migrationConfig } from "#app/migrate.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  describeEachEngine,
  openDatabase,
  type Engine,
} from "../support/databases.ts";

/** The migrations that brought rules to existing databases. */
const ruleMigrations = [
  "20261125080001_rules.ts",
  "20261125090021_times_in_the_rules.ts",
  "20261125110080_temporary_tables.ts",
];

/** Takes a migrated database back to the rules of this program's first version. */
async function bringBackFirstRules(db: Knex, engine: Engine): Promise<void> {
  await remove(db);
  const file = new URL(`../support/first-rules/${engine}.sql`, import.meta.url);
  for (const statement of readFileSync(file, "utf8").split("\n\n").slice(1)) {
    await db.raw(statement);
  }
  await db("knex_migrations").whereIn("name", ruleMigrations).delete();
}

/** Every existing trigger, function and index, in the engine's own words. */
async function definitions(db: Knex): Promise<string[]> {
  const { rows } = isPostgres(db)
    ? await db.raw<{ rows: { definition: string }[] }>(
        `select tgenabled::text || pg_get_triggerdef(oid) as definition from pg_trigger where not tgisinternal
         union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
         union all select indexdef from pg_indexes where schemaname = 'public' order by 1`,
      )
    : {
        rows: await db("sqlite_master")
          .whereNotNull("sql")
          .whereNot({ type: "table" })
          .orderBy("name")
          .select<{ definition: string }[]>("sql as definition"),
      };
  return rows.map(({ definition }) => definition.replace(/\s+/g, " "));
}

describeEachEngine("the rules in the database", (engine, open) => {
  test("installed twice are the same as once", async () => {
    const db = await open();
    const once = await definitions(db);
    await install(db);
    expect(await definitions(db)).toEqual(once);
  });

  test("once removed leave nothing, and installed again are what they were", async () => {
    const db = await open();
    const before = await definitions(db);
    await remove(db);
    expect((await definitions(db)).join()).not.toMatch(
      /create (trigger|or replace function (?!public\.kept_time))|_one_number_each|_any_case|_one_per_company/i,
    );
    await remove(db);
    await install(db);
    expect(await definitions(db)).toEqual(before);
  });

  test("of the first version become the current ones, without waiting for readers", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url, { statementTimeout: 0 });
    const current = await definitions(db);
    await bringBackFirstRules(db, engine);
    expect(await definitions(db)).not.toEqual(current);
    const [number] = await fillPool(db, 2);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, number);

    const reader = await openDatabase(url).transaction();
    await reader("twilio_phone_numbers").first("id");
    await reader("companies").first("id");
    expect(await migrateToLatest(db)).toEqual(ruleMigrations);
    expect(await reader("companies").where({ id: company }).first("twilio_phone_number")).toEqual({
      twilio_phone_number: number,
    });
    await reader.rollback();

    expect(await definitions(db)).toEqual(current);
    expect(await migrateToLatest(db)).toEqual([]);
    await expect(db("companies").where({ id: company }).delete()).rejects.toThrow(
      "a company keeps its phone number for ever",
    );
  });

  test("are each named when dropped, and restored", async () => {
    const db = await open();
    expect(await missing(db)).toEqual([]);
    const complete = await definitions(db);
    await remove(db);
    const names = await missing(db);
    await restoreRules(db);
    expect(names.length).toBeGreaterThan(9);
    for (const name of names) {
      await drop(db, name);
      expect(await missing(db)).toEqual([name]);
      await restoreRules(db);
      expect(await missing(db)).toEqual([]);
    }
    expect(await definitions(db)).toEqual(complete);
  });

  test("cannot be restored while rows break them: the rows are named, and nothing is changed", async () => {
    const db = await open();
    await bringBackFirstRules(db, engine);
    await db.raw("drop index companies_email_any_case");
    await drop(db, "company_enters");
    await insertCompany(db, { email: "Ann@Acme.example" });
    await insertCompany(db, { email: "ann@acme.example" });
    const before = await definitions(db);
    await expect(migrateToLatest(db)).rejects.toThrow("Two companies sign in with the same email");
    await expect(restoreRules(db)).rejects.toThrow("Two companies sign in with the same email");
    expect(await definitions(db)).toEqual(before);
  });

  test("wait for the tables and columns that they need", async () => {
    const { url } = await createTestDatabase(engine);
    const db = openDatabase(url);
    await install(db);
    expect(await definitions(db)).toEqual([]);
    await db.schema.createTable("companies", (table) => table.text("email"));
    await install(db);
    expect(await definitions(db)).toEqual([expect.stringContaining("companies_email_any_case")]);
    await db("companies").insert({ email: "ann@acme.example" });
    await db.schema.dropTable("companies");
    await migrateToLatest(db);
    expect(await missing(db)).toEqual([]);
  });

  test("stay when the migrations that renewed them are rolled back", async () => {
    const db = await open();
    const before = await definitions(db);
    for (const name of ruleMigrations.toReversed()) {
      await db.migrate.down({ ...migrationConfig, name } as Knex.MigratorConfig);
    }
    expect(await definitions(db)).toEqual(before);
    expect(await migrateToLatest(db)).toEqual(ruleMigrations);
  });

  test("refuse an invalid time, and let an adopted one be corrected once", async () => {
    const db = await open();
    const [number, other] = await fillPool(db, 3);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, number);
    // PostgreSQL's own type refuses all the others.
    const none = isPostgres(db) ? ["infinity"] : ["", "01/02/2024 10:00", "2024-02-30 00:00:00", 5];
    for (const time of none) {
      const row = { phone_number: "+353861234567", created_at: time };
      await expect(db("twilio_phone_numbers").insert(row)).rejects.toThrow("written in UTC");
      await expect(
        db("twilio_phone_numbers").where({ phone_number: other }).update({ created_at: time }),
      ).rejects.toThrow("written in UTC");
      await expect(
        db("twilio_phone_numbers")
          .where({ phone_number: other })
          .update({ status: "assigned", assigned_to_company_id: company, assigned_at: time }),
      ).rejects.toThrow();
    }

    await drop(db, "phone_number_changes");
    const mine = () => db("twilio_phone_numbers").where({ phone_number: number });
    await mine().update({ assigned_at: none[0], created_at: none[0] });
    await install(db);
    await mine().update({ phone_number: number });
    await expect(mine().update({ assigned_at: null })).rejects.toThrow();
    await expect(mine().update({ assigned_at: "-infinity" })).rejects.toThrow("written in UTC");
    expect((await findDamage(db)).map(({ kind }) => kind)).toEqual(["assigned-without-time"]);
    expect((await repairDamage(db)).left).toEqual([]);
    await expect(mine().update({ assigned_at: "2024-01-01 00:00:00" })).rejects.toThrow(
      "never changes",
    );
  });
});

async function drop(db: Knex, name: string): Promise<void> {
  if (!isPostgres(db)) {
    const { type } = await db("sqlite_master").where({ name }).first<{ type: string }>("type");
    await db.raw(`drop ${type} ${name}`);
    return;
  }
  const { rows } = await db.raw<{ rows: { table: string }[] }>(
    "select tgrelid::regclass::text as table from pg_trigger where tgname = ?",
    [name],
  );
  await db.raw(rows[0] ? `drop trigger ${name} on ${rows[0].table}` : `drop index ${name}`);
}

/** Texts, and whether each is a time. */
const written: [text: string | number, isTime: boolean][] = [
  ["2024-01-01 10:00:00", true],
  ["2024-01-01 10:00:00+00", true],
  ["2024-01-01 10:00:00.123456-0330", true],
  ["2024-01-01T10:00:00.5+05:30", true],
  ["2024-01-01T10:00:00Z", true],
  ["2024-01-01 10:00", true],
  ["2024-02-29", true],
  ["1704067200", true],
  ["1704067200000", true],
  ["1704067200.25", true],
  ["", false],
  ["now", false],
  ["10:00", false],
  ["2024-01-01 10", false],
  ["20240101", false],
  ["2460310.5", false],
  ["01/02/2024 10:00", false],
  ["2024-02-30 10:00:00", false],
  ["2024-04-31", false],
  ["2024-01-01 10:00:00+0", false],
  ["2024-01-01 25:00:00", false],
  ["2024-01-01 10:00:00 in the morning", false],
  ["infinity", false],
];

describeEachEngine("a time as the database reads it", (engine, open) => {
  test("is valid exactly if the program can read it", async () => {
    const db = await open();
    const quote = (value: string) => (engine === "sqlite" ? `'${value}'` : `'${value}'::text`);
    for (const [value, expected] of written) {
      const rows = await query<{ is_time: unknown }>(db, {
        name: `time ${value}`,
        sql: `select ${isTime(db, "t")} as is_time from (select ${quote(String(value))} as t) s`,
      });
      expect([value, Boolean(rows[0]?.is_time), readTime(value) !== undefined]).toEqual([
        value,
        expected,
        expected,
      ]);
    }
  });
});

test("a trigger that is switched off counts as missing, and is restored switched on (postgres)", async () => {
  const db = openDatabase((await createMigratedDatabase("postgres")).url);
  await db.raw("alter table companies disable trigger company_leaves");
  expect(await missing(db)).toEqual(["company_leaves"]);
  await restoreRules(db);
  expect(await missing(db)).toEqual([]);
});

test("an assignment that has begun is waited for, not deadlocked with (postgres)", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const db = openDatabase(url, { statementTimeout: 0 });
  await bringBackFirstRules(db, "postgres");
  const [number] = await fillPool(db, 2);
  const company = await insertCompany(db);

  const begun = await openDatabase(url).transaction();
  // The UPDATE first takes the table's lock, before its trigger reaches the company.
  await begun("twilio_phone_numbers").whereRaw("false").update({ status: "available" });
  const migrating = migrateToLatest(db);
  const observer = openDatabase(url);
  await vi.waitFor(async () => {
    expect(
      await observer("pg_stat_activity")
        .where({ wait_event_type: "Lock" })
        .whereRaw("datname = current_database()"),
    ).toHaveLength(1);
  }, 10_000);
  expect(await assignPhoneNumber(begun, company, number)).toMatchObject({ outcome: "assigned" });
  await begun.commit();
  expect(await migrating).toEqual(ruleMigrations);
  expect(await missing(db)).toEqual([]);
});

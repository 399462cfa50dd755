import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage } from "#app/doctor/repair.server.ts";
import { examineDatabase } from "#app/doctor/installation.server.ts";
import { signIn } from "#app/domain/companies.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { everythingIn, failedMigration as whyNotMigrated } from "../support/adopted.ts";
import { createTestDatabase, engines, openDatabase } from "../support/databases.ts";
import {
  addLegacyRows,
  createLegacyTables,
  legacyNumber,
  openLegacyDatabase,
  readContents,
} from "../support/legacy.ts";

/**
 * Tables that are incomplete, or in another place than new ones, or that have triggers of their
 * own.
 */

const failedMigration = async (db: Knex) => (await whyNotMigrated(db)).message;

describe.each(engines)("adopting an incomplete set of tables (%s)", (engine) => {
  const incomplete = [
    {
      what: "companies without a column for their number",
      sql: "alter table companies drop column twilio_phone_number",
      kind: "owner-does-not-hold",
    },
    {
      what: "companies that hold numbers, and no pool",
      sql: "drop table twilio_phone_numbers",
      kind: "missing-from-pool",
    },
  ];

  test.each(incomplete)(
    "$what: the repair adds what is missing and repairs the rest",
    async ({ sql, kind }) => {
      const db = await openLegacyDatabase(engine, { upgraded: engine === "sqlite" });
      await addLegacyRows(db);
      await db.raw(sql);
      const before = await readContents(db);
      expect(await failedMigration(db)).toContain("npm run doctor -- --repair");

      const found = await findDamage(db);
      expect(found.map((damage) => damage.kind)).toEqual([kind, kind]);
      expect((await examineDatabase(db)).findings.map(({ code }) => code)).toContain(kind);
      expect(await readContents(db)).toEqual(before);

      const { repaired, left } = await repairDamage(db);
      expect(repaired).toHaveLength(2);
      expect(left).toEqual([]);
      await migrateToLatest(db);
      for (const company of [1, 2]) {
        expect((await currentPhoneNumber(db, company))?.phoneNumber).toBe(legacyNumber(company));
      }
    },
  );

  test("with a trigger that updates the row it fires for, people can sign in and choose", async () => {
    const db = await openLegacyDatabase(engine);
    await addLegacyRows(db);
    if (engine === "sqlite") {
      await db.raw(
        `create trigger touch after update on companies begin
           update companies set updated_at = current_timestamp where id = new.id; end`,
      );
    } else {
      await db.raw(
        `create function touch() returns trigger language plpgsql as
           'begin new.updated_at = now(); return new; end'`,
      );
      await db.raw(
        "create trigger touch before update on companies for each row execute function touch()",
      );
    }
    await db("companies")
      .where({ id: 3 })
      .update({ password_hash: `${"0".repeat(32)}:${"0".repeat(64)}` });
    await migrateToLatest(db);
    await db("companies")
      .where({ id: 3 })
      .update({ password_hash: await hashPassword("correct horse") });
    expect(await signIn(db, "tom@kelly.example", "correct horse")).toMatchObject({
      company: { id: 3 },
    });
    expect(await assignPhoneNumber(db, 3)).toEqual({
      outcome: "assigned",
      phoneNumber: legacyNumber(3),
    });
    expect((await currentPhoneNumber(db, 3))?.phoneNumber).toBe(legacyNumber(3));
    await expect(db("companies").where({ id: 3 }).delete()).rejects.toThrow("for ever");
  });
});

test("a column that cannot hold a time is named, with the SQL that changes it (postgres)", async () => {
  const db = await openLegacyDatabase("postgres");
  await addLegacyRows(db);
  await db.raw("alter table twilio_phone_numbers alter created_at drop default");
  const change = (type: string, value: string) =>
    db.raw(`alter table twilio_phone_numbers alter created_at type ${type} using ${value}`);
  await change("bigint", "extract(epoch from created_at)");
  expect(await failedMigration(db)).toContain("twilio_phone_numbers.created_at (bigint)");
  await change("timestamp", "timezone('UTC', to_timestamp(created_at))");
  await migrateToLatest(db);
});

describe("tables in a schema other than the one for new tables (postgres)", () => {
  const places = [
    { what: "a schema of the role's before public", path: "app, public", old: "public" },
    { what: "a schema after public", path: "public, app", old: "app" },
  ];

  test.each(places)("$what: both places are named, and nothing is made", async ({ path, old }) => {
    const { url } = await createTestDatabase("postgres");
    const setUp = openDatabase(url);
    const here = old === "public" ? "app" : "public";
    await setUp.raw("create schema app");
    await setUp.transaction(async (transaction) => {
      await transaction.raw(`set local search_path = ${old}`);
      await createLegacyTables(transaction);
      await addLegacyRows(transaction);
    });
    const name = new URL(url).pathname.slice(1);
    await setUp.raw(`alter database ${name} set search_path = ${path}`);
    const db = openDatabase(url, { statementTimeout: 0 });

    const before = await everythingIn(db);
    const message = await failedMigration(db);
    expect(message).toContain(`is in the schema ${old}, but this program's would be in ${here}`);
    expect(message).toContain(`set search_path = ${old};`);
    expect((await examineDatabase(db)).findings.map(({ code }) => code)).toContain(
      "tables-in-another-schema",
    );
    expect(await everythingIn(db)).toEqual(before);

    await setUp.raw(`alter database ${name} set search_path = ${old}`);
    const mended = openDatabase(url, { statementTimeout: 0 });
    await migrateToLatest(mended);
    expect((await currentPhoneNumber(mended, 1))?.phoneNumber).toBe(legacyNumber(1));
  });
});

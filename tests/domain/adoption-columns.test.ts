import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { proveAssignmentRules } from "#app/doctor/proof.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { signUp } from "#app/domain/companies.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { wholePool } from "../support/companies.ts";
import { createTestDatabase, openDatabase, type Engine } from "../support/databases.ts";
import { addLegacyRows, createLegacyTables, type LegacyOptions } from "../support/legacy.ts";

/** Columns of other types than ours, and what is in them. */

const databases: { name: string; engine: Engine; options: LegacyOptions }[] = [
  { name: "sqlite, TIMESTAMP", engine: "sqlite", options: {} },
  { name: "sqlite, TEXT", engine: "sqlite", options: { time: "TEXT" } },
  { name: "postgres, TIMESTAMPTZ", engine: "postgres", options: { time: "TIMESTAMPTZ" } },
  { name: "postgres, TEXT", engine: "postgres", options: { time: "TEXT" } },
  { name: "postgres, SERIAL ids", engine: "postgres", options: { serial: true } },
];

const ways = [
  ["2024-01-01 10:00:00+00", "2024-01-01T10:00:00Z"],
  ["2024-01-01T10:00:01.5+01:00", "2024-01-01T09:00:01Z"],
  ["2024-01-01T10:00:02Z", "2024-01-01T10:00:02Z"],
  ["2024-01-01 10:00:03.123456", "2024-01-01T10:00:03Z"],
] as const;
const asNumbers = [
  ["1704103200", "2024-01-01T10:00:00Z"],
  ["1704103200123", "2024-01-01T10:00:00Z"],
] as const;

async function openLegacy(engine: Engine, options: LegacyOptions): Promise<Knex> {
  const { url } = await createTestDatabase(engine);
  const setUp = openDatabase(url, { statementTimeout: 0 });
  if (engine === "postgres") {
    // Neither is about the stored times.
    const { rows } = await setUp.raw<{ rows: { name: string }[] }>(
      "select current_database() as name",
    );
    for (const setting of ["timezone to 'Asia/Tokyo'", "datestyle to 'SQL, DMY'"]) {
      await setUp.raw(`alter database ${rows[0]!.name} set ${setting}`);
    }
  }
  await createLegacyTables(setUp, options);
  await addLegacyRows(setUp);
  await setUp.destroy();
  return openDatabase(url, { statementTimeout: 0 });
}

async function everyPage(db: Knex): Promise<{ phoneNumber: string; createdAt: string }[]> {
  const all: { phoneNumber: string; createdAt: string }[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await listAvailable(db, { limit: 1, cursor });
    if (!page.ok) throw new Error(`invalid ${page.invalid}`);
    all.push(...page.numbers);
    if (page.nextCursor === null) return all;
    cursor = page.nextCursor;
  }
}

for (const { name, engine, options } of databases) {
  const isNumeric = engine === "sqlite" || options.time === "TEXT";

  describe(`adopting columns of other types (${name})`, () => {
    test("times in every readable form are read, in pages, lists and the proof", async () => {
      const db = await openLegacy(engine, options);
      const times = [...ways, ...(isNumeric ? asNumbers : [])].filter(
        // A timestamp without zone has dropped the zone.
        ([way]) => !options.serial || !/[+]|Z/.test(way),
      );
      await db("twilio_phone_numbers").where({ id: 1 }).update({ assigned_at: times[0]![0] });
      for (const [index, [way]] of times.entries()) {
        await db("twilio_phone_numbers").insert({
          phone_number: `+35386222000${index}`,
          created_at: way,
        });
      }
      await migrateToLatest(db);
      expect(await findDamage(db)).toEqual([]);

      expect((await currentPhoneNumber(db, 1))?.assignedAt).toBe(times[0]![1]);
      const expected = times.map(([, createdAt], index) => ({
        phoneNumber: `+35386222000${index}`,
        createdAt,
      }));
      const pages = await everyPage(db);
      expect(pages).toHaveLength(expected.length + 1);
      expect(pages).toEqual(expect.arrayContaining(expected));
      const oldestFirst = pages.map(({ createdAt }) => createdAt).toSorted();
      expect(pages.map(({ createdAt }) => createdAt)).toEqual(oldestFirst);
      expect(await wholePool(db)).toEqual(
        expect.arrayContaining(
          expected.map((number) => expect.objectContaining(number) as unknown),
        ),
      );
      expect((await proveAssignmentRules(db)).filter(({ failure }) => failure)).toEqual([]);
    });

    test("a number chosen now is the company's as of now", async () => {
      const db = await openLegacy(engine, options);
      await migrateToLatest(db);
      const signedUp = await signUp(db, {
        company_name: "New",
        owner_name: "Owner",
        phone: null,
        email: "new@company.example",
        password: "correct horse battery",
      });
      if (signedUp.outcome !== "signed-up") throw new Error("not signed up");
      const before = Date.now() - 1_000;
      expect((await assignPhoneNumber(db, signedUp.company.id)).outcome).toBe("assigned");
      const since = Date.parse((await currentPhoneNumber(db, signedUp.company.id))!.assignedAt);
      expect(since).toBeGreaterThanOrEqual(before);
      expect(since).toBeLessThanOrEqual(Date.now());
    });
  });
}

test("rows adopted before times were checked break no list and no page of one (sqlite)", async () => {
  const db = await openLegacy("sqlite", {});
  await migrateToLatest(db);
  await db.raw("drop trigger phone_number_enters");
  const broken = ["", "01/02/2024 10:00", "2024-13-40 10:00:00x", "last week", 5];
  for (const [index, created_at] of broken.entries()) {
    await db("twilio_phone_numbers").insert({ phone_number: `+35386222000${index}`, created_at });
  }
  await migrateToLatest(db);
  expect(await everyPage(db)).toHaveLength(broken.length + 1);
  expect(await wholePool(db)).toHaveLength(broken.length + 3);
  expect(await findDamage(db)).toHaveLength(broken.length);
});

import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { listAvailable, type AvailableQuery } from "#app/domain/available-numbers.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { fillBigPool } from "../support/big-pool.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { postgresPlan, sqlitePlan, statementsOf, type Asked } from "../support/plans.ts";

/** Queries on a pool of 100,000; those of the second list find nothing. */
const found: Partial<AvailableQuery>[] = [
  {},
  { contains: "8" },
  { contains: "86" },
  { contains: "353" },
  { contains: "8675" },
  { starts: "1" },
  { starts: "4477" },
  { ends: "7" },
  { ends: "4321" },
  { search: "086" },
  { search: "0861" },
  { search: "00353" },
  { search: "+4930" },
  { country: "IE" },
  { country: "DE" },
  { kind: "mobile" },
  { kind: "geographic" },
  { memorable: true },
  { country: "IE", kind: "mobile", memorable: true },
  { country: "US", contains: "353" },
  { country: "US", contains: "45" },
  { country: "US", contains: "45", kind: "mobile", memorable: true },
  { country: "IE", starts: "353", ends: "77", kind: "mobile" },
];
const absent: Partial<AvailableQuery>[] = [
  { contains: "4930999" },
  { starts: "39" },
  { ends: "3530353" },
  { search: "00391239" },
  { country: "CA" },
  { country: "CA", contains: "8" },
  { kind: "toll-free" },
  { country: "DE", kind: "mobile" },
  { country: "IE", starts: "353899" },
  { country: "CA", kind: "voip", memorable: true, contains: "1212" },
];

describe.each(engines)("with 100,000 numbers on %s", (engine) => {
  let db: Knex;
  /** somewhere near the pool's end */
  let late: string;
  beforeAll(async () => {
    db = openDatabase((await createMigratedDatabase(engine)).url, { statementTimeout: 0 });
    // So that statements arrive as written.
    db.userParams["prepares"] = false;
    await fillBigPool(db);
    const last = await listAvailable(db, { limit: 1, ends: "", contains: "" });
    expect(last.ok).toBe(true);
    const row = await db("numbers_on_offer").orderBy("id", "desc").offset(500).first();
    const { entered_at: at, id, shelf = 0 } = row!;
    late = Buffer.from(JSON.stringify([at, id, shelf, 0, 15])).toString("base64url");
  }, 120_000);

  const asking = (work: () => Promise<unknown>) => statementsOf(db, work);

  /**
   * Fails if a statement reads more than so many rows on PostgreSQL, or on SQLite a table without
   * an index.
   */
  async function expectBounded(asked: Asked): Promise<void> {
    const [sql] = asked;
    if (isPostgres(db)) {
      const { scanned, mostRead } = await postgresPlan(db, asked);
      expect(scanned).toEqual([]);
      expect(mostRead, sql).toBeLessThan(20_000);
    } else {
      for (const step of await sqlitePlan(db, asked)) {
        expect(step, sql).not.toMatch(/^SCAN (n|o|s|twilio_phone_numbers|numbers_on_offer)$/);
        expect(step, sql).not.toMatch(/TEMP B-TREE FOR ORDER BY/);
      }
    }
  }

  test.each([...found, ...absent])(
    "a page of %j reads a bounded part of the pool, whether early or late",
    async (query) => {
      const { from } = await surveyOffer(db, {}, "somebody");
      const pages: Partial<AvailableQuery>[] = [{}, { cursor: late }, { from }];
      for (const page of pages) {
        const asked = await asking(() => listAvailable(db, { limit: 10, ...query, ...page }));
        // A single digit is looked for once more if few numbers have it.
        expect(asked.length).toBeLessThanOrEqual(query.contains?.length === 1 ? 2 : 1);
        expect(asked).not.toEqual([]);
        for (const one of asked) await expectBounded(one);
      }
    },
  );

  if (engine === "postgres") {
    test("each search is planned for its first five uses on a connection, and then no more", async () => {
      db.userParams["prepares"] = true;
      const { from } = await surveyOffer(db, {}, "somebody");
      for (const query of [...found, ...absent]) {
        for (let use = 0; use < 8; use++) await listAvailable(db, { limit: 10, from, ...query });
      }
      db.userParams["prepares"] = false;
      const { rows } = await db.raw<{ rows: { name: string; custom_plans: string }[] }>(
        "select name, custom_plans from pg_prepared_statements where name like 'offer %'",
      );
      expect(rows.length).toBeGreaterThan(10);
      expect(rows.filter(({ custom_plans }) => Number(custom_plans) > 5)).toEqual([]);
    });
  }

  test.each(found)("%j finds numbers", async (query) => {
    expect(
      (await listAvailable(db, { limit: 10, ...query })) as { numbers: unknown[] },
    ).toHaveProperty("numbers.0");
  });

  test.each(absent)("%j finds none, and knows that there are none", async (query) => {
    expect(await listAvailable(db, { limit: 10, ...query })).toEqual({
      ok: true,
      numbers: [],
      nextCursor: null,
    });
    const { contains, starts, ends, search } = query;
    const hasDigits = Boolean(contains || starts || ends || search);
    expect((await surveyOffer(db, query)).matching).toBe(hasDigits ? undefined : 0);
  });

  test.each([{ starts: "44" }, { search: "+44" }, { starts: "44", search: "012", ends: "7" }])(
    "%j, as no Irish number begins, asks the database nothing",
    async (query) => {
      const asked = await asking(async () => {
        expect(await listAvailable(db, { limit: 10, country: "IE", ...query })).toEqual({
          ok: true,
          numbers: [],
          nextCursor: null,
        });
      });
      expect(asked).toEqual([]);
    },
  );

  test("counts come without reading the pool", async () => {
    const asked = await asking(async () => {
      await poolStatus(db);
      await surveyOffer(db, { country: "IE" }, "somebody");
    });
    expect(asked).toHaveLength(2);
    for (const [sql] of asked) expect(sql).not.toContain("twilio_phone_numbers");
    const { available, countries } = await surveyOffer(db);
    expect(available).toBe((await poolStatus(db)).available);
    expect(countries.map(({ country }) => country)).toEqual(["IE", "GB", "US", "DE"]);
  });

  test.each([{}, { search: "086" }])(
    "200 people who pick the first number that they see with %j collide five times at most",
    async (query) => {
      const first = new Set<string>();
      for (let visitor = 1; visitor <= 200; visitor++) {
        const { from } = await surveyOffer(db, query, `company ${visitor}`);
        const page = await listAvailable(db, { limit: 1, ...query, from });
        if (page.ok) first.add(page.numbers[0]!.phoneNumber);
      }
      expect(first.size).toBeGreaterThanOrEqual(195);
    },
  );

  test("a visitor's list stays where it is while others take numbers", async () => {
    const seen = async () => {
      const { from } = await surveyOffer(db, {}, "somebody");
      const page = await listAvailable(db, { limit: 10, from });
      return page.ok ? page.numbers.map(({ phoneNumber }) => phoneNumber) : [];
    };
    const before = await seen();
    await db("twilio_phone_numbers").whereIn("phone_number", [before[0]!, before[4]!]).delete();
    const oldest = await listAvailable(db, { limit: 50 });
    if (oldest.ok) {
      await db("twilio_phone_numbers")
        .whereIn(
          "phone_number",
          oldest.numbers.map(({ phoneNumber }) => phoneNumber),
        )
        .delete();
    }
    const kept = before.filter((_, at) => at !== 0 && at !== 4);
    expect((await seen()).slice(0, 8)).toEqual(kept);
  });
});

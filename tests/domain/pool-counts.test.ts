import fc from "fast-check";
import type { Knex } from "knex";
import { expect, test } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { examineOffer, repairOffer } from "#app/doctor/offer.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { numberFacts } from "#app/domain/number-facts.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { foldCounts, hasSpreadCounts } from "#app/domain/pool-counts.server.ts";
import { findOutFacts, hasUnknown } from "#app/domain/pool-facts.server.ts";
import { addToPool, poolStatus } from "#app/domain/pool.server.ts";
import { insertCompanies, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

const numbers = [
  ...Array.from({ length: 12 }, (_, i) => `+35386123${1_100 + i * 11}`),
  ...Array.from({ length: 6 }, (_, i) => `+1416555${1_000 + i * 111}`),
];
const one = fc.constantFrom(...numbers);
const some = fc.uniqueArray(one, { minLength: 1, maxLength: 8 });

/**
 * What may happen to a pool, by this program's verbs or by anybody's SQL. What a rule refuses has
 * not happened.
 */
type Event = (db: Knex) => PromiseLike<unknown>;
const pool = (db: Knex) => db("twilio_phone_numbers");
const events = fc.oneof(
  some.map(
    (added): Event =>
      (db) =>
        addToPool(db, added),
  ),
  some.map(
    (added): Event =>
      (db) =>
        pool(db).insert(added.map((phone_number) => ({ phone_number }))),
  ),
  one.map(
    (phone_number): Event =>
      (db) =>
        pool(db).insert({ phone_number, created_at: "2001-01-01 00:00:00" }),
  ),
  some.map(
    (added): Event =>
      (db) =>
        pool(db)
          .insert(added.map((phone_number) => ({ phone_number })))
          .onConflict("phone_number")
          .ignore(),
  ),
  one.map((phone_number): Event => async (db) => {
    if (!isPostgres(db))
      await db.raw("insert or replace into twilio_phone_numbers (phone_number) values (?)", [
        phone_number,
      ]);
  }),
  some.map(
    (gone): Event =>
      (db) =>
        pool(db).whereIn("phone_number", gone).delete(),
  ),
  fc.tuple(one, one).map(
    ([from, to]): Event =>
      (db) =>
        pool(db).where({ phone_number: from }).update({ phone_number: to }),
  ),
  some.map(
    (moved): Event =>
      (db) =>
        pool(db).whereIn("phone_number", moved).update({ created_at: "2002-02-02 00:00:00" }),
  ),
  one.map(
    (phone_number): Event =>
      (db) =>
        pool(db)
          .where({ phone_number })
          .update({ id: db.raw("id + 1000") }),
  ),
  one.map(
    (chosen): Event =>
      async (db) =>
        assignPhoneNumber(db, await insertCompany(db), chosen),
  ),
  fc.constant<Event>((db) => insertCompanies(db, 2)),
  fc.constant<Event>((db) => db("companies").whereNull("twilio_phone_number").delete()),
  fc.constant<Event>((db) => findOutFacts(db, 5)),
  fc.constant<Event>((db) => (isPostgres(db) ? foldCounts(db) : Promise.resolve())),
  fc.constant<Event>(async (db) => {
    await db.transaction(async (transaction) => {
      await insertCompany(transaction);
      await pool(transaction).where({ status: "available" }).delete();
      throw new Error("it is undone");
    });
  }),
);

const countOf = async (query: Knex.QueryBuilder) =>
  Number(((await query.count({ n: "*" }).first()) as { n: number }).n);

async function expectAllCounted(db: Knex): Promise<void> {
  const [available, assigned] = await Promise.all(
    (["available", "assigned"] as const).map((status) => countOf(pool(db).where({ status }))),
  );
  const companiesWaiting = await countOf(db("companies").whereNull("twilio_phone_number"));
  expect(await poolStatus(db)).toEqual({ available, assigned, companiesWaiting });
  expect(await examineOffer(db)).toEqual([]);
}

describeEachEngine("what is counted as it changes", (_engine, open) => {
  test("is what count(*) says after any history", async () => {
    const db = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(events, { minLength: 1, maxLength: 12 }), async (history) => {
        for (const event of history) await Promise.resolve(event(db)).catch(() => {});
        await expectAllCounted(db);
        while ((await findOutFacts(db)) > 0);
        const offered = await pool(db)
          .where({ status: "available" })
          .pluck<string[]>("phone_number");
        const canadian = offered.filter((number) => numberFacts(number).country === "CA");
        expect((await surveyOffer(db, { country: "CA" })).matching).toBe(canadian.length);
        await expectAllCounted(db);
      }),
      { numRuns: 25, seed: 10 },
    );
  });

  test("is wrong if somebody wrote while the triggers were off, and doctor recounts it", async () => {
    const db = await open();
    await addToPool(db, numbers);
    await db("pool_counts").where({ what: "available" }).update({ n: 99 });
    expect(await examineOffer(db)).toMatchObject([{ code: "offer-differs" }]);
    expect(await repairOffer(db)).toHaveLength(1);
    await expectAllCounted(db);
    await db("numbers_on_offer").whereIn("phone_number", numbers.slice(3)).delete();
    await db("numbers_on_offer")
      .where({ phone_number: numbers[0] })
      .update({ phone_number: "+999" });
    expect((await examineOffer(db))[0]?.finding).toBe(
      `Searches miss ${numbers.length - 2} available numbers and find 1 that are not.`,
    );
    await repairOffer(db);
    await expectAllCounted(db);
    expect(await hasUnknown(db)).toBe(false);
    const found = await listAvailable(db, { limit: 2, contains: numbers[5]!.slice(1) });
    expect(found).toMatchObject({ numbers: [{ phoneNumber: numbers[5] }], nextCursor: null });
    expect(await repairOffer(db)).toEqual([]);
  });

  test("is added up over all connections", async () => {
    const db = await open();
    await addToPool(db, numbers);
    if (!isPostgres(db)) return;
    expect(await hasSpreadCounts(db)).toBe(true);
    await foldCounts(db);
    expect(await hasSpreadCounts(db)).toBe(false);
    await expectAllCounted(db);
  });
});

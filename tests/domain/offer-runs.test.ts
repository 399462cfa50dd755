import type { Knex } from "knex";
import { expect, test } from "vitest";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { up } from "../../migrations/20261125100050_digits_four_times.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";

const numbers = ["+353867777712", "+353861234567", "+4420111122229", "+4420111122223"];

/**
 * Puts the index into its state before the migration: no number can be found by a digit four times
 * in a row.
 */
async function forgetRuns(db: Knex, engine: string): Promise<void> {
  if (engine === "postgres") {
    await db.raw("alter table numbers_on_offer disable trigger number_on_offer_indexed");
    await db.raw(
      "update numbers_on_offer set grams = array(select g from unnest(grams) g where (g & 65535) not between 1600 and 1609)",
    );
    await db.raw("alter table numbers_on_offer enable trigger number_on_offer_indexed");
    return;
  }
  await db("numbers_on_offer").delete();
  const triggers = await db("sqlite_master")
    .where({ type: "trigger", tbl_name: "numbers_on_offer" })
    .select<{ name: string; sql: string }[]>("name", "sql");
  for (const { name, sql } of triggers) {
    await db.raw(`drop trigger ${name}`);
    await db.raw(sql.replaceAll(/\s*\|\| iif\(instr\([^)]*\), '\w*', ''\)/g, ""));
  }
  await db.raw(
    `insert into numbers_on_offer (id, phone_number, entered_at, country, kind, memorable)
     select id, phone_number, created_at, 'IE', 'mobile', true from twilio_phone_numbers`,
  );
}

test.each(engines)(
  "numbers that were on offer before the migration are found by a digit four times in a row on %s",
  async (engine) => {
    const db = openDatabase((await createMigratedDatabase(engine)).url);
    await addToPool(db, numbers);
    await forgetRuns(db, engine);
    const found = async (contains: string) => {
      const page = await listAvailable(db, { limit: 9, contains, walk: 0 });
      return page.ok && page.numbers.map(({ phoneNumber }) => phoneNumber);
    };
    expect(await found("7777")).toEqual([]);

    await db.transaction(up);
    expect(await found("77777")).toEqual([numbers[0]]);
    expect(await found("11112222")).toEqual(numbers.slice(2));
    expect((await surveyOffer(db)).available).toBe(4);

    for (const number of [numbers[0]!, numbers[2]!])
      await assignPhoneNumber(db, await insertCompany(db), number);
    expect(await found("77777")).toEqual([]);
    expect(await found("1111")).toEqual([numbers[3]]);
    if (engine === "sqlite")
      await db.raw("insert into offer_search (offer_search) values ('integrity-check')");
  },
);

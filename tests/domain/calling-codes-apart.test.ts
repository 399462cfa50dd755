import type { Knex } from "knex";
import { expect, test } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { place } from "#app/domain/rules/offer-sqlite.ts";
import { up } from "../../migrations/20261125100060_calling_codes_apart.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";

const numbers = ["+353861234567", "+353867777712", "+12125353861", "+442035353000", "+35"];

/** Puts the index into its state before the migration, in which all digits were alike. */
async function mixCodes(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await db.raw("alter table numbers_on_offer disable trigger number_on_offer_indexed");
    await db.raw(
      `update numbers_on_offer set grams = array(
         select case when g & 65535 between 10000 and 10999 then g - 10000 else g end from unnest(grams) g)`,
    );
    await db.raw("alter table numbers_on_offer enable trigger number_on_offer_indexed");
    return;
  }
  await db.raw("insert into offer_search (offer_search) values ('delete-all')");
  await db.raw(
    `insert into offer_search (rowid, digits, home_after_2, home_after_3)
     select ${place("entered_at", "id")}, phone_number || '$', 'p' || substr(phone_number, 4, 2), 'q' || substr(phone_number, 5, 2)
       from numbers_on_offer`,
  );
}

test.each(engines)(
  "numbers that were on offer before the migration are found by their calling code on %s",
  async (engine) => {
    const db = openDatabase((await createMigratedDatabase(engine)).url);
    await addToPool(db, numbers);
    const found = async (filter: { starts?: string; contains?: string; country?: string }) => {
      const page = await listAvailable(db, { limit: 9, walk: 0, ...filter });
      return page.ok && page.numbers.map(({ phoneNumber }) => phoneNumber);
    };
    await mixCodes(db);
    expect(await found({ starts: "3538" })).toEqual([]);

    await db.transaction(up);
    expect(await found({ starts: "3538" })).toEqual(numbers.slice(0, 2));
    expect(await found({ starts: "35" })).toEqual([numbers[0], numbers[1], numbers[4]]);
    expect(await found({ contains: "353" })).toEqual(numbers.slice(0, 4));
    expect(await found({ contains: "353", country: "US" })).toEqual([numbers[2]]);

    for (const number of [numbers[0]!, numbers[4]!])
      await assignPhoneNumber(db, await insertCompany(db), number);
    expect(await found({ starts: "35" })).toEqual([numbers[1]]);
    if (engine === "sqlite")
      await db.raw("insert into offer_search (offer_search) values ('integrity-check')");

    const rows = () => db("numbers_on_offer").orderBy("id");
    const before = await rows();
    await db.transaction(up);
    expect(await rows()).toEqual(before);
  },
);

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/**
 * Fills an empty pool with 100,000 numbers within seconds: Irish, British and American ones, and
 * the last thousand German. The facts about them are close to what numberFacts would say.
 */
export async function fillBigPool(db: Knex): Promise<void> {
  const size = 100_000;
  const postgres = isPostgres(db);
  const series = postgres
    ? `generate_series(1, ${size}) as i`
    : `(with recursive c (i) as (select 1 union all select i + 1 from c where i < ${size}) select i from c)`;
  const number = `case when i > ${size - 1_000} then '+4930' || ${digits("i % 10000000", 7)} else ${numberAt("i")} end`;
  // Making an index afterwards is faster than maintaining it.
  const index = "numbers_on_offer_grams";
  if (postgres) await db.raw(`drop index ${index}`);
  await db.raw(
    `insert into twilio_phone_numbers (phone_number) select distinct ${number} as n from ${series} where true`,
  );
  const { country, kind, memorable } = factsOf("phone_number");
  await db.raw(
    `update numbers_on_offer set country = ${country}, kind = ${kind}, memorable = ${memorable}`,
  );
  if (postgres) {
    await db.raw(
      `create index ${index} on numbers_on_offer using gin (grams) with (fastupdate = off)`,
    );
    await db.raw("vacuum analyze numbers_on_offer");
    await db.raw("vacuum analyze twilio_phone_numbers");
  }
}

const digits = (sql: string, length: number) => `substr(cast(${10 ** length} + ${sql} as text), 2)`;

/**
 * SQL for the number at a position in a large pool, distinct up to some millions: Irish, British,
 * American.
 */
export const numberAt = (i: string): string => `case
  when ${i} % 20 < 10 then '+35386' || ${digits(`(${i} * 7919) % 9999991`, 7)}
  when ${i} % 20 < 15 then '+447' || ${digits(`(${i} * 10477) % 999999937`, 9)}
  else '+1212' || ${digits(`(${i} * 7907) % 9999973`, 7)} end`;

/** SQL for the facts about a {@link numberAt}, approximately. */
export const factsOf = (phoneNumber: string) => ({
  country: `case substr(${phoneNumber}, 1, 3) when '+35' then 'IE' when '+44' then 'GB' when '+49' then 'DE' else 'US' end`,
  kind: `case substr(${phoneNumber}, 1, 3) when '+49' then 'geographic' when '+12' then 'geographic-or-mobile' else 'mobile' end`,
  memorable: `${phoneNumber} like '%77'`,
});

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { numberFacts } from "#app/domain/number-facts.ts";

/**
 * The facts stored about a number when it enters the pool: its country, its kind, whether it is
 * memorable. The database cannot know these, so the program states them when it adds numbers; for
 * numbers that come by plain SQL or were adopted they are worked out later.
 */

/**
 * States the facts about numbers that the same transaction is about to insert into the pool, on
 * PostgreSQL in one statement. A trigger adds them to the numbers on offer.
 * @param phoneNumbers in E.164, a few hundred
 */
export async function tellFacts(transaction: Knex, phoneNumbers: readonly string[]): Promise<void> {
  if (phoneNumbers.length === 0) return;
  const facts = JSON.stringify(
    phoneNumbers.map((phone_number) => ({ phone_number, ...numberFacts(phone_number) })),
  );
  await (isPostgres(transaction)
    ? transaction.raw("select set_config('pool.facts', ?, true)", [facts])
    : transaction.raw(
        `insert or replace into facts_given (phone_number, country, kind, memorable) ${sqliteFacts("phone_number")}`,
        [facts],
      ));
}

const sqliteFacts = (key: string) =>
  `select value ->> '${key}' as ${key}, value ->> 'country' as country, value ->> 'kind' as kind,
          value ->> 'memorable' as memorable from json_each(?)`;

const postgresFacts = `select * from jsonb_to_recordset(?::jsonb)
  as f (id bigint, country text, kind text, memorable boolean)`;

/** Whether there are numbers on offer about which nothing is known yet. */
export async function hasUnknown(db: Knex): Promise<boolean> {
  return (await db("numbers_on_offer").whereNull("kind").first("id")) !== undefined;
}

/**
 * Works out the missing facts of numbers on offer, in batches small enough that nobody has to wait.
 * @returns how many there were; 0 when nothing is left
 */
export async function findOutFacts(db: Knex, most = 500): Promise<number> {
  const numbers = await db("numbers_on_offer")
    .whereNull("kind")
    .orderBy("id")
    .limit(most)
    .select<{ id: number; phone_number: string }[]>("id", "phone_number");
  if (numbers.length === 0) return 0;
  const facts = numbers.map(({ id, phone_number }) => ({ id, ...numberFacts(phone_number) }));
  await db.raw(
    `update numbers_on_offer as o set country = f.country, kind = f.kind, memorable = f.memorable
       from (${isPostgres(db) ? postgresFacts : sqliteFacts("id")}) f where o.id = f.id and o.kind is null`,
    [JSON.stringify(facts)],
  );
  return numbers.length;
}

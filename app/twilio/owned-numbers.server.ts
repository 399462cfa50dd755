import type { Knex } from "knex";
import type { TwilioAccount, TwilioFailure, TwilioNumber } from "#app/twilio/account.server.ts";
import { countOf, findListed, listNumbers } from "#app/twilio/listed-numbers.server.ts";

/**
 * What the account owns, as surely as it can be known: what is missing from one listing may only
 * have moved on.
 */
export interface Owned {
  ok: true;
  /** how many numbers were asked for */
  asked: number;
  /** how many the account has */
  inAccount: number;
  /** the account has none of several numbers asked for: it is most likely another account */
  ownsNone: boolean;
  /** What the account says about those of `phoneNumbers` that it owns. */
  find(phoneNumbers: readonly string[]): Promise<Map<string, TwilioNumber>>;
  /** Those of `phoneNumbers` that were asked for and are in neither of two complete listings. */
  gone(phoneNumbers: readonly string[]): Promise<string[]>;
  /** How many of the account's numbers take calls by their settings and were not asked for. */
  countOthers(): Promise<number>;
}

/**
 * Lists the account's numbers, and lists them again if one of `wanted` is missing.
 * @param scratch an empty scratch database, which then holds everything that the answer knows
 * @param wanted numbers, E.164, some at a time
 * @returns a failure if either listing is incomplete; nothing counts as gone then
 */
export async function ownedNumbers(
  scratch: Knex,
  account: TwilioAccount,
  wanted: AsyncIterable<readonly string[]>,
): Promise<Owned | TwilioFailure> {
  const first = await listNumbers(scratch, account);
  if (!first.ok) return first;
  await scratch.raw("create table asked (phone_number text not null)");
  for await (const some of wanted) {
    await scratch.raw("insert into asked select value from json_each(?)", [JSON.stringify(some)]);
  }
  await scratch.raw("create index asked_phone_numbers on asked (phone_number)");
  if ((await countMissing(scratch)) > 0) {
    const second = await listNumbers(scratch, account);
    if (!second.ok) return second;
  }
  const left = await countMissing(scratch);
  const count = (sql: string) => countOf(scratch, `select count(*) as n from ${sql}`);
  const asked = await count("asked");
  const nameless = await count("listed where phone_number is null");
  const ownsNone = asked > 1 && left === asked;
  // An entry without a number may be any of them.
  const isSure = !ownsNone && nameless === 0;
  return {
    ok: true,
    asked,
    inAccount: await count("listed where number is not null"),
    ownsNone,
    find: (phoneNumbers) => findListed(scratch, phoneNumbers),
    gone: async (phoneNumbers) => (isSure ? findMissing(scratch, phoneNumbers) : []),
    countOthers: () =>
      count(`listed l where number ->> 'voice' and number ->> 'handledBy' is null
               and not exists (select 1 from asked where asked.phone_number = l.phone_number)`),
  };
}

const isListed = "exists (select 1 from listed l where l.phone_number = asked.phone_number)";

const countMissing = (scratch: Knex) =>
  countOf(scratch, `select count(*) as n from asked where not ${isListed}`);

async function findMissing(scratch: Knex, phoneNumbers: readonly string[]): Promise<string[]> {
  const rows = await scratch.raw<{ phone_number: string }[]>(
    `select distinct phone_number from asked
      where phone_number in (select value from json_each(?)) and not ${isListed}`,
    [JSON.stringify(phoneNumbers)],
  );
  return rows.map(({ phone_number }) => phone_number);
}

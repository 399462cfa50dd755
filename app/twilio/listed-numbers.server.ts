import type { Knex } from "knex";
import type {
  TwilioAccount,
  TwilioFailure,
  TwilioNumber,
  UnreadableEntry,
} from "#app/twilio/account.server.ts";

/**
 * An account's list, page by page as it arrives, in a scratch database (`withScratch`), since it
 * may not fit into memory. These functions take that database.
 */

/** An entry of the list; `number` is absent if it cannot be read. */
export interface ListedEntry {
  /** its number, or else Twilio's name for it */
  name: string;
  number?: TwilioNumber;
}

/**
 * Lists the account. Entries that only an earlier listing had stay; of the others the newest
 * version counts.
 * @param onListed is told how many entries have come so far
 * @returns a failure if the list is not complete
 */
export async function listNumbers(
  scratch: Knex,
  account: TwilioAccount,
  onListed?: (soFar: number) => void,
): Promise<{ ok: true } | TwilioFailure> {
  await scratch.raw(`create table if not exists listed (
    id integer primary key, name text not null unique, phone_number text, number text)`);
  await scratch.raw("create index if not exists listed_phone_numbers on listed (phone_number)");
  return account.listNumbers(async (page) => {
    await scratch.raw(
      `insert into listed (name, phone_number, number)
         select value ->> 'name', value ->> 'phoneNumber', value ->> 'number' from json_each(?) where true
       on conflict (name) do update set phone_number = excluded.phone_number, number = excluded.number`,
      [JSON.stringify(page.map(rowOf))],
    );
    onListed?.(await countOf(scratch, "select coalesce(max(id), 0) as n from listed"));
  });
}

function rowOf(entry: TwilioNumber | UnreadableEntry) {
  return "sid" in entry
    ? { name: entry.sid, phoneNumber: entry.phoneNumber, number: entry }
    : { name: entry.name, phoneNumber: entry.isNumber ? entry.name : null, number: null };
}

/** The `n` of a statement's only row. */
export async function countOf(scratch: Knex, sql: string): Promise<number> {
  const rows = await scratch.raw<{ n: number }[]>(sql);
  return rows[0]?.n ?? 0;
}

/** How many entries the list has. */
export const countListed = (scratch: Knex) => countOf(scratch, "select count(*) as n from listed");

/** The whole list in its order, some entries at a time. */
export async function* eachListed(
  scratch: Knex,
  atATime: number,
  { onlyUnreadable = false } = {},
): AsyncGenerator<ListedEntry[], void, undefined> {
  for (let after = 0; ;) {
    const rows = await scratch("listed")
      .where("id", ">", after)
      .modify((query) => onlyUnreadable && void query.whereNull("number"))
      .orderBy("id")
      .limit(atATime)
      .select<{ id: number; name: string; number: string | null }[]>("id", "name", "number");
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    yield rows.map(({ name, number }) => (number === null ? { name } : read(number)));
  }
}

function read(text: string): Required<ListedEntry> {
  const number = JSON.parse(text) as TwilioNumber;
  return { name: number.phoneNumber, number };
}

/** What the list says about those of `phoneNumbers` (E.164) that it has and that can be read. */
export async function findListed(
  scratch: Knex,
  phoneNumbers: readonly string[],
): Promise<Map<string, TwilioNumber>> {
  const rows = await scratch.raw<{ number: string }[]>(
    `select l.number from json_each(?) asked join listed l on l.phone_number = asked.value
      where l.number is not null`,
    [JSON.stringify(phoneNumbers)],
  );
  return new Map(rows.map(({ number }) => [read(number).name, read(number).number]));
}

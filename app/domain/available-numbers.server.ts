import type { Knex } from "knex";
import { isPostgres, query } from "#app/db.server.ts";
import { callingCodeOf, countryOf, partOfNumber } from "#app/domain/e164.ts";
import { keptTime } from "#app/domain/rules/sqlite.ts";
import { isDatabaseTime, toRfc3339, unknownTime } from "#app/domain/times.ts";

/**
 * The numbers on offer: the pool's available ones and no others, in keyset pages, as a search finds them.
 */

/**
 * When a number entered the pool, as it is kept however it was written: the expression of the index
 * twilio_phone_numbers_on_offer, in SQL. PostgreSQL has the function from the migration that makes the index.
 */
export const enteredPoolAt = (db: Knex) => {
  const column = "twilio_phone_numbers.created_at";
  return `coalesce(${isPostgres(db) ? `kept_time(${column})` : keptTime(column)}, '${unknownTime}')`;
};

/** A number on offer. `createdAt` is RFC 3339, UTC. */
export interface AvailableNumber {
  phoneNumber: string;
  createdAt: string;
}

export interface AvailableQuery {
  /** numbers a page, 1 to 1000 */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
  /** ASCII digits that stand together in the number, wherever; "" is any number */
  contains?: string | undefined;
  /** what somebody typed to find a number, see {@link likePatterns} */
  search?: string | undefined;
  /** ISO 3166-1 alpha-2 */
  country?: string | undefined;
}

/** A page of the pool's available numbers, or what is wrong with the query. */
export type AvailablePage =
  | { ok: true; numbers: AvailableNumber[]; nextCursor: string | null }
  | { ok: false; invalid: "cursor" | "country" };

interface Row {
  id: number;
  phone_number: string;
  added_at: string | number;
}

/**
 * Available numbers, oldest first, ties by id: keyset pages, so that numbers which others take meanwhile neither
 * repeat one nor hide one that stays available.
 */
export async function listAvailable(
  db: Knex,
  { limit, cursor, contains, search, country }: AvailableQuery,
): Promise<AvailablePage> {
  let after = cursor === undefined ? undefined : decodeCursor(db, cursor);
  if (cursor !== undefined && !after) return { ok: false, invalid: "cursor" };
  const callingCode = country === undefined ? "" : callingCodeOf(country);
  if (callingCode === undefined) return { ok: false, invalid: "country" };

  const numbers: Row[] = [];
  // Countries share calling codes (+1, +44 …), so the numbering plan decides; a page may take several reads.
  for (;;) {
    const rows = await readPage(db, {
      patterns: contains ? [`%${contains}%`] : likePatterns(search ?? ""),
      prefix: callingCode === "" ? undefined : `+${callingCode}%`,
      after,
      limit: limit + 1,
    });
    numbers.push(
      ...rows.filter(
        (row) => country === undefined || countryOf(row.phone_number) === country.toUpperCase(),
      ),
    );
    const last = rows.at(-1);
    if (numbers.length > limit || rows.length <= limit || !last) break;
    after = [last.added_at, last.id];
  }

  const page = numbers.slice(0, limit);
  const last = page.at(-1);
  return {
    ok: true,
    numbers: page.map((row) => ({
      phoneNumber: row.phone_number,
      createdAt: toRfc3339(row.added_at),
    })),
    nextCursor: numbers.length > limit && last ? encodeCursor([last.added_at, last.id]) : null,
  };
}

/** A query's conditions as one statement for each set of them, so that each can be prepared. */
function readPage(
  db: Knex,
  {
    patterns,
    prefix,
    after,
    limit,
  }: {
    patterns: string[];
    prefix: string | undefined;
    after: Keyset | undefined;
    limit: number;
  },
): Promise<Row[]> {
  const conditions: [name: string, sql: string, values: Knex.Value[]][] = [];
  if (patterns.length > 0) {
    conditions.push([`matching ${patterns.length}`, matchingAny(patterns), patterns]);
  }
  if (prefix !== undefined) {
    conditions.push(["in a country", "phone_number like ?", [prefix]]);
  }
  if (after !== undefined) {
    const values = isPostgres(db) ? "?::timestamp, ?::bigint" : "?, ?";
    conditions.push(["after", `(${enteredPoolAt(db)}, id) > (${values})`, after]);
  }
  return query<Row>(
    db,
    {
      name: ["available", ...conditions.map(([name]) => name)].join(" "),
      // A literal 'available', or a plan for any value could not use the index of those alone.
      sql: `select id, phone_number, ${enteredPoolAt(db)} as added_at from twilio_phone_numbers
             where ${["status = 'available'", ...conditions.map(([, sql]) => sql)].join(" and ")}
             order by ${enteredPoolAt(db)}, id limit ?`,
    },
    [...conditions.flatMap(([, , values]) => values), limit],
  );
}

/** How many numbers are available, and how many of them {@link listAvailable} would give in all for a search. */
export async function countAvailable(
  db: Knex,
  search = "",
): Promise<{ available: number; matching: number }> {
  const patterns = likePatterns(search);
  const matching =
    patterns.length === 0 ? "count(*)" : `count(*) filter (where ${matchingAny(patterns)})`;
  const [row] = await query<{ available: number; matching: number }>(
    db,
    {
      name: `count matching ${patterns.length}`,
      sql: `select count(*) as available, ${matching} as matching
              from twilio_phone_numbers where status = 'available'`,
    },
    patterns,
  );
  return row!;
}

const matchingAny = (patterns: readonly string[]) =>
  `(${patterns.map(() => "phone_number like ?").join(" or ")})`;

/**
 * What was typed finds the numbers that hold its digits, and those that it means: with a leading + they begin so.
 * A leading 00 is dialled for the +, a leading 0 at home for the country: 086 is +353 86.
 * @returns none where all numbers are found: nothing was typed, or nothing that is in a number
 */
function likePatterns(search: string): string[] {
  const part = partOfNumber(search);
  const digits = part.replace("+", "");
  if (digits === "") return [];
  if (part !== digits) return [`${part}%`];
  const held = `%${digits}%`;
  const [, zeros = "", rest = ""] = /^(0*)(.*)$/.exec(digits) ?? [];
  if (rest === "") return [held];
  if (zeros === "00") return [held, `+${rest}%`];
  // Where a 0 is dialled for the country its calling code has two or three digits (ITU-T E.164 and E.129).
  return zeros === "0" ? [held, `+__${rest}%`, `+___${rest}%`] : [held];
}

type Keyset = [addedAt: string | number, id: number];

function encodeCursor(keyset: Keyset): string {
  return Buffer.from(JSON.stringify(keyset)).toString("base64url");
}

function decodeCursor(db: Knex, cursor: string): Keyset | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [at, id] = value as [unknown, unknown];
    const isTime =
      typeof at === "string"
        ? isDatabaseTime(at)
        : // Older programs left milliseconds in SQLite.
          typeof at === "number" && !isPostgres(db);
    return isTime && Number.isSafeInteger(id) ? [at as string | number, id as number] : undefined;
  } catch {
    return undefined;
  }
}

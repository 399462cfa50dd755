import type { Knex } from "knex";
import { isPostgres, query } from "#app/db.server.ts";
import { callingCodeOf, countryOf } from "#app/domain/e164.ts";
import { keptTime } from "#app/domain/rules/sqlite.ts";
import { toRfc3339, unknownTime } from "#app/domain/times.ts";

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
  /** what somebody typed to find a number: digits, spaces, a leading 0; with a leading + or 00 it must begin so */
  contains?: string | undefined;
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
  { limit, cursor, contains, country }: AvailableQuery,
): Promise<AvailablePage> {
  let after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && !after) return { ok: false, invalid: "cursor" };
  const callingCode = country === undefined ? "" : callingCodeOf(country);
  if (callingCode === undefined) return { ok: false, invalid: "country" };

  const numbers: Row[] = [];
  // Countries share calling codes (+1, +44 …), so the numbering plan decides; a page may take several reads.
  for (;;) {
    const rows = await readPage(db, {
      pattern: contains === undefined ? undefined : likePattern(contains),
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
    pattern,
    prefix,
    after,
    limit,
  }: {
    pattern: string | undefined;
    prefix: string | undefined;
    after: Keyset | undefined;
    limit: number;
  },
): Promise<Row[]> {
  const conditions: [name: string, sql: string, values: Knex.Value[]][] = [];
  if (pattern !== undefined) {
    conditions.push(["matching", "phone_number like ?", [pattern]]);
  }
  if (prefix !== undefined) {
    conditions.push(["in a country", "phone_number like ?", [prefix]]);
  }
  if (after !== undefined) {
    const at = isPostgres(db) ? "?::timestamp" : "?";
    conditions.push(["after", `(${enteredPoolAt(db)}, id) > (${at}, ?)`, after]);
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

/** How many numbers are available, and how many of them {@link listAvailable} would give in all. */
export async function countAvailable(
  db: Knex,
  contains = "",
): Promise<{ available: number; matching: number }> {
  const pattern = likePattern(contains);
  const [row] = await query<{ available: number; matching: number }>(
    db,
    pattern === undefined ? countAll : countMatching,
    pattern === undefined ? [] : [pattern],
  );
  return row!;
}

const counting = (matching: string) =>
  `select count(*) as available, ${matching} as matching
     from twilio_phone_numbers where status = 'available'`;
const countAll = { name: "count available", sql: counting("count(*)") };
const countMatching = {
  name: "count matching",
  sql: counting("count(*) filter (where phone_number like ?)"),
};

function likePattern(typed: string): string | undefined {
  const text = typed.normalize("NFKC").trim();
  const digits = text.replace(/\D/g, "");
  if (digits === "") return undefined;
  if (text.startsWith("+")) return `+${digits}%`;
  if (digits.startsWith("00")) return `+${digits.slice(2)}%`;
  // A trunk prefix is dialled at home and is no part of E.164: 086 is +353 86.
  return `%${digits.length > 1 ? digits.replace(/^0/, "") : digits}%`;
}

type Keyset = [addedAt: string | number, id: number];

function encodeCursor(keyset: Keyset): string {
  return Buffer.from(JSON.stringify(keyset)).toString("base64url");
}

function decodeCursor(cursor: string): Keyset | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [at, id] = value as [unknown, unknown];
    const isTime =
      typeof at === "number" ||
      (typeof at === "string" &&
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/.test(at) &&
        !Number.isNaN(Date.parse(`${at.replace(" ", "T")}Z`)));
    return isTime && Number.isSafeInteger(id) ? [at, id as number] : undefined;
  } catch {
    return undefined;
  }
}

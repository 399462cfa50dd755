import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { callingCodeOf } from "#app/domain/e164.ts";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";
import {
  narrows,
  searchOffer,
  type OfferRow,
  type Place,
} from "#app/domain/offer-search.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { shelfBits } from "#app/domain/rules/offer-postgres.ts";
import { keptTime } from "#app/domain/rules/sqlite.ts";
import { isDatabaseTime, toRfc3339, unknownTime } from "#app/domain/times.ts";

/**
 * The numbers on offer: the pool's available ones and no others, in keyset pages, as a filter leaves them.
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

export interface AvailableQuery extends NumberFilter {
  /** numbers a page, 1 to 1000 */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
  /** where the list begins, and at the pool's end goes round to; without it it begins with the oldest */
  from?: Place | undefined;
  /** how many shelves of some 32,768 numbers a page looks through on PostgreSQL; by itself 256 */
  reach?: number | undefined;
  /** how many numbers it walks through before, by itself some ten times as many as were asked for */
  walk?: number | undefined;
}

/**
 * A page of the pool's available numbers, or what is wrong with the query. It may have fewer numbers than were asked
 * for, or none, while there is a `nextCursor`: then as much of the pool was looked through as one page may.
 */
export type AvailablePage =
  | { ok: true; numbers: AvailableNumber[]; nextCursor: string | null }
  | { ok: false; invalid: "cursor" | "country" };

/**
 * Available numbers, oldest first, ties by id: keyset pages, so that numbers which others take meanwhile neither
 * repeat one nor hide one that stays available.
 */
export async function listAvailable(
  db: Knex,
  { limit, cursor, from, reach, walk, ...narrowed }: AvailableQuery,
): Promise<AvailablePage> {
  const after = cursor === undefined ? undefined : decodeCursor(db, cursor);
  if (cursor !== undefined && !after) return { ok: false, invalid: "cursor" };
  const filter = inCapitals(narrowed);
  if (filter.country && callingCodeOf(filter.country) === undefined) {
    return { ok: false, invalid: "country" };
  }
  const { digits } = digitSearch(filter);
  // Most numbers hold a single digit; where these do not, the page ends.
  const looked = digits.length > 0 ? Math.max(limit, mostLookedThrough) : limit;
  const asked = { limit: looked + 1, after, from, reach, walk };
  const rows = narrows(filter)
    ? await searchOffer(db, { ...asked, filter })
    : await readPool(db, asked);
  const candidates = rows.slice(0, looked).filter((row): row is OfferRow => row.id !== null);
  const held = candidates.filter(({ phone_number }) =>
    digits.every((digit) => phone_number.includes(digit)),
  );
  const numbers = held.slice(0, limit);
  const unseen = rows.at(candidates.length);
  const more = held.length > limit || unseen !== undefined;
  // The last number; where fewer were found than looked for, what was looked through last.
  const end =
    numbers.length === limit && (held.length > limit || unseen?.id !== null)
      ? numbers.at(-1)
      : unseen?.id === null
        ? unseen
        : candidates.at(-1);
  return {
    ok: true,
    numbers: numbers.map((row) => ({
      phoneNumber: row.phone_number,
      createdAt: toRfc3339(row.added_at),
    })),
    nextCursor:
      more && end ? encodeCursor({ ...end, at: end.added_at, id: end.id ?? lastId }) : null,
  };
}

/** How many numbers are available. */
export async function countAvailable(db: Knex): Promise<number> {
  return (await surveyOffer(db)).available;
}

const inCapitals = (filter: NumberFilter): NumberFilter => ({
  ...filter,
  country: filter.country?.toUpperCase(),
});

interface PoolPage {
  limit: number;
  after?: Place | undefined;
  from?: Place | undefined;
}

/** A page of all of the pool, by its own index; each range is read in its order, after the ones before it. */
function readPool(db: Knex, { limit, after, from }: PoolPage): Promise<OfferRow[]> {
  const begin = after ?? (from && { ...from, id: from.id - 1 });
  const ranges = [
    ...(after?.turn ? [] : rangesOf(db, 0, begin, undefined)),
    ...(from ? rangesOf(db, 1, after?.turn ? after : undefined, from) : []),
  ];
  const entered = enteredPoolAt(db);
  const [only, ...others] = ranges.map(
    // A literal 'available', or a plan for any value could not use the index of those alone.
    ({ name, turn, sql }) =>
      `select id, phone_number, ${entered} as added_at, null as shelf, ${turn} as turn from twilio_phone_numbers
        where ${["status = 'available'", ...sql].join(" and ")} order by ${name[0] === "=" ? "id" : `${entered}, id`} limit ?`,
  );
  const all = [only, ...others].map((sql) => `select * from (${sql}) one`).join(" union all ");
  const values = ranges.flatMap((range) => [...range.values, limit]);
  return query<OfferRow>(
    db,
    {
      name: `available ${ranges.map(({ name, turn }) => `${name.join(" ")}${turn ? " again" : ""}`).join(", ")}`.trim(),
      sql: others.length === 0 ? only! : `select * from (${all}) pool limit ?`,
    },
    others.length === 0 ? values : [...values, limit],
  );
}

interface Range {
  name: string[];
  turn: number;
  sql: string[];
  values: Knex.Value[];
}

/** The numbers that entered after one and before another, as ranges that an index is read by. */
function rangesOf(db: Knex, turn: number, after?: Place, before?: Place): Range[] {
  const entered = enteredPoolAt(db);
  const range = (...parts: [name: string, sql: string, values: Knex.Value[]][]): Range => ({
    name: parts.map(([name]) => name),
    turn,
    sql: parts.map(([, sql]) => sql),
    values: parts.flatMap(([, , values]) => values),
  });
  if (isPostgres(db)) {
    const compare = (name: string, sign: string, at?: Place): Parameters<typeof range> =>
      at ? [[name, `(${entered}, id) ${sign} (?::timestamp, ?::bigint)`, [at.at, at.id]]] : [];
    return [range(...compare("after", ">", after), ...compare("before", "<", before))];
  }
  // SQLite seeks in an index of an expression by one comparison at a time.
  const at = (sign: string, place?: Place): Parameters<typeof range> =>
    place ? [[sign, `${entered} ${sign} ?`, [place.at]]] : [];
  const id = (sign: string, place?: Place): Parameters<typeof range> =>
    place ? [["id", `id ${sign} ?`, [place.id]]] : [];
  if (after && after.at === before?.at) {
    return [range(...at("=", after), ...id(">", after), ...id("<", before))];
  }
  return [
    ...(after ? [range(...at("=", after), ...id(">", after))] : []),
    range(...at(">", after), ...at("<", before)),
    ...(before ? [range(...at("=", before), ...id("<", before))] : []),
  ];
}

/** Numbers that a page looks through for a single digit. */
const mostLookedThrough = 1_000;

/** More than any id. */
const lastId = Number.MAX_SAFE_INTEGER;

/** The last tells a shelf of now, which has four of the first ones. */
type Cursor =
  | [at: string | number, id: number]
  | [at: string | number, id: number, shelf: number, turn: number, by: number];

/** @returns a place as a page's `nextCursor` has it */
function encodeCursor({ at, id, shelf, turn }: Place): string {
  const isPlain = shelf == null && !turn;
  const cursor: Cursor = isPlain ? [at, id] : [at, id, shelf ?? 0, turn ?? 0, shelfBits];
  return Buffer.from(JSON.stringify(cursor)).toString("base64url");
}

function decodeCursor(db: Knex, cursor: string): Place | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (!Array.isArray(value) || ![2, 4, 5].includes(value.length)) return undefined;
    const [at, ...numbers] = value as [unknown, ...unknown[]];
    const isTime =
      typeof at === "string"
        ? isDatabaseTime(at)
        : // Older programs left milliseconds in SQLite.
          typeof at === "number" && !isPostgres(db);
    if (!isTime || !numbers.every(Number.isSafeInteger)) return undefined;
    const [id, given, turn] = numbers as [number, number?, number?];
    const shelf = given !== undefined && value.length === 4 ? given >> 2 : given;
    const isPlace = [shelf, turn].every((part = 0) => part >= 0 && part < 2 ** 31);
    return isPlace ? { at: at as string | number, id, shelf, turn } : undefined;
  } catch {
    return undefined;
  }
}

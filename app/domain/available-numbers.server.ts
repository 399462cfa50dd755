import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { callingCodeOf } from "#app/domain/e164.ts";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";
import type { OfferRow, Place } from "#app/domain/offer-query.ts";
import { narrows, searchOffer } from "#app/domain/offer-search.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { shelfBits } from "#app/domain/rules/offer-postgres.ts";
import { keptTime } from "#app/domain/rules/sqlite.ts";
import { isDatabaseTime, toRfc3339, unknownTime } from "#app/domain/times.ts";

/**
 * The numbers on offer: only the pool's available ones, filtered, in keyset pages.
 */

/**
 * SQL for when a number entered the pool, in the stored form, however it was written. The index
 * twilio_phone_numbers_on_offer is on this expression; the migration that makes it gives PostgreSQL
 * the function.
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
  /** numbers per page, 1 to 1000 */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
  /** where the list begins, wrapping round at the pool's end; by default with the oldest */
  from?: Place | undefined;
  /** how many shelves of some 32,768 numbers a page looks through on PostgreSQL; 256 by default */
  reach?: number | undefined;
  /**
   * how many numbers it walks through first; by default some ten times as many as were asked for
   */
  walk?: number | undefined;
}

/**
 * A page of the pool's available numbers, or what is wrong with the query. With a `nextCursor` it
 * may still have fewer numbers than were asked for, or none: one page looks through only so much of
 * the pool.
 */
export type AvailablePage =
  | { ok: true; numbers: AvailableNumber[]; nextCursor: string | null }
  | { ok: false; invalid: "cursor" | "country" };

/**
 * Available numbers, oldest first, ties by id: keyset pages, so that numbers taken by others
 * meanwhile cause neither repeats nor gaps.
 */
export async function listAvailable(
  db: Knex,
  { limit, cursor, from, reach, walk, ...narrowed }: AvailableQuery,
): Promise<AvailablePage> {
  const after = cursor === undefined ? undefined : decodeCursor(db, cursor);
  // Only a list that begins in the middle wraps round, past its end.
  const isPlace = cursor === undefined || (after && (from || !after.turn));
  if (!isPlace) return { ok: false, invalid: "cursor" };
  const filter = inCapitals(narrowed);
  if (filter.country && callingCodeOf(filter.country) === undefined) {
    return { ok: false, invalid: "country" };
  }
  const { digits } = digitSearch(filter);
  const look = async (looked: number): Promise<AvailablePage & { ok: true }> => {
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
    // The last number; if fewer were found than wanted, the last one looked at.
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
  };
  if (digits.length === 0) return look(limit);
  // Most numbers contain any given digit; if these do not, the page ends.
  const most = Math.max(limit, mostLookedThrough);
  const page = await look(Math.min(limit * 3, most));
  return page.numbers.length < limit && page.nextCursor !== null ? look(most) : page;
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

/**
 * A page of the unfiltered pool, by its own index; the ranges are read one after another, each in
 * order.
 */
function readPool(db: Knex, { limit, after, from }: PoolPage): Promise<OfferRow[]> {
  const begin = after ?? (from && { ...from, id: from.id - 1 });
  const ranges = [
    ...(after?.turn ? [] : rangesOf(db, 0, begin, undefined)),
    ...(from ? rangesOf(db, 1, after?.turn ? after : undefined, from) : []),
  ];
  const entered = enteredPoolAt(db);
  const [only, ...others] = ranges.map(
    // A literal 'available': a generic plan could not use the partial index.
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

/** The numbers that entered after one and before another, as index ranges. */
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
  // SQLite seeks in an expression index by one comparison at a time.
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

/** The last part marks current shelves, which hold four of the first kind. */
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
        : // In SQLite, older programs left times in milliseconds.
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

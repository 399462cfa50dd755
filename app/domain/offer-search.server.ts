import type { Knex } from "knex";
import { isPostgres, query } from "#app/db.server.ts";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";
import { codes, facetCode } from "#app/domain/rules/offer-postgres.ts";
import { facetWord, idAt, memorableWord, place } from "#app/domain/rules/offer-sqlite.ts";

/**
 * A page of what a filter leaves of the numbers on offer, by the index behind it: on PostgreSQL shelf after shelf of the
 * trigrams' GIN, on SQLite by FTS5, which reads in the pool's order (docs/decisions/6-numbers-on-offer.md).
 */

/** A place in the pool's order: just after a number. */
export interface Place {
  /** when it entered, as the database has it */
  at: string | number;
  id: number;
  /** PostgreSQL's; undefined where nobody said */
  shelf?: number | null | undefined;
  /** 1 where the list has come to the pool's end and goes on at its beginning */
  turn?: number | undefined;
}

export interface OfferRow {
  id: number;
  phone_number: string;
  added_at: string;
  country: string | null;
  kind: string | null;
  shelf: number | null;
  turn: number;
}

/** What is asked for; the order is the pool's, begins after `after`, and with `from` goes round to there. */
export interface OfferQuery {
  filter: NumberFilter;
  limit: number;
  after?: Place | undefined;
  /** where a visitor's list begins */
  from?: Place | undefined;
  /** shelves that one page looks through */
  reach?: number | undefined;
}

/** Rows in order; the last may stand for no number, but for the end of what one page looks through. */
export type OfferPage = (OfferRow | (Omit<OfferRow, "id"> & { id: null }))[];

/** Whether a filter narrows the list at all. */
export function narrows(filter: NumberFilter): boolean {
  const { country, kind, memorable } = filter;
  return Boolean(country || kind || memorable) || digitSearch(filter).patterns.length > 0;
}

export function searchOffer(db: Knex, asked: OfferQuery): Promise<OfferPage> {
  return query(db, ...offerStatement(db, asked));
}

/** The statement of {@link searchOffer} and its values. */
export function offerStatement(db: Knex, asked: OfferQuery): Prepared {
  return isPostgres(db) ? onPostgres(asked) : onSqlite(asked);
}

type Prepared = [statement: { name: string; sql: string }, values: Knex.RawBinding[]];

/** About two million numbers. */
const usualReach = 256;
const last = 2 ** 31 - 1;

function onPostgres({ filter, limit, after, from, reach = usualReach }: OfferQuery): Prepared {
  const { words, patterns } = digitSearch(filter);
  const facets = [
    ...(filter.country || filter.kind ? [facetCode(filter.country, filter.kind)] : []),
    ...(filter.memorable ? [codes.memorable] : []),
  ];
  // On a shelf each code has the shelf's number before it.
  const keys = "array(select (s.shelf & 32767) << 16 | code from unnest(?::integer[]) code)";
  const lists: string[] = [];
  const has = (operator: string, list: readonly number[]) => {
    lists.push(`{${list.join()}}`);
    return `n.grams ${operator} ${keys}`;
  };
  const ways = (words.length > 0 ? words : [{ all: [], any: [] }]).map(({ all, any }) => {
    const every = [...facets, ...all.map(codeOf)];
    return [
      ...(every.length > 0 ? [has("@>", every)] : []),
      ...any.map((some) => has("&&", some.map(codeOf))),
    ].join(" and ");
  });
  const shape = [
    words
      .map(({ all, any }) => `${Math.min(all.length + facets.length, 1)}${any.length}`)
      .join("."),
    patterns.map((some) => some.length).join("."),
  ].join(" ");
  const start = after ??
    (from && { ...from, id: from.id - 1, turn: 0 }) ?? { at: "-infinity", id: 0, shelf: -1 };
  const startShelf = start.shelf ?? last;
  const firstShelf = start.shelf ?? 0;
  const end = from ? (from.shelf ?? last) : -1;
  return [
    { name: `offer ${shape}`, sql: postgresPage(`(${ways.join(" or ")})`, matchingAll(patterns)) },
    [
      start.turn ?? 0,
      firstShelf,
      end,
      reach,
      ...lists,
      ...patterns.flat(),
      startShelf,
      start.turn ?? 0,
      start.at,
      start.id,
      end,
      from?.at ?? "infinity",
      from?.id ?? 0,
      limit,
      limit,
    ],
  ];
}

// A shelf is looked through whole (OFFSET 0): else the planner would walk all the pool in its order for what is rare.
// The last row says that the page has come as far as it may look.
const postgresPage = (ways: string, patterns: string) => `
  with recursive asked (turn, first, last, reach) as (
    values (?::integer, ?::integer, ?::integer, ?::integer)),
  shelves (turn, shelf, looked) as (
    (select a.turn, least.shelf, 1 from asked a cross join lateral (
       select n.shelf from numbers_on_offer n where n.shelf >= a.first order by n.shelf limit 1) least)
    union all
    select s.turn + (up.shelf is null)::integer, coalesce(up.shelf, bottom.shelf), s.looked + 1
      from shelves s cross join asked a
      cross join (select n.shelf from numbers_on_offer n order by n.shelf limit 1) bottom
      left join lateral (
        select n.shelf from numbers_on_offer n where n.shelf > s.shelf order by n.shelf limit 1) up on true
     where s.looked < a.reach
       and (s.turn + (up.shelf is null)::integer = 0
            or s.turn + (up.shelf is null)::integer = 1 and coalesce(up.shelf, bottom.shelf) <= a.last))
  select * from (
    select found.* from shelves s cross join lateral (
      select n.id, n.phone_number, cast(n.entered_at as text) as added_at, n.country, n.kind, n.shelf, s.turn
        from numbers_on_offer n
       where ${ways} and ${patterns}
         and (n.shelf > ? or s.turn > ? or (n.entered_at, n.id) > (?::timestamp, ?::bigint))
         and (s.turn = 0 or n.shelf < ? or (n.entered_at, n.id) < (?::timestamp, ?::bigint))
       order by n.entered_at, n.id limit ? offset 0) found) found
  union all
  select null, '', '9999-12-31 23:59:59', null, null, s.shelf, s.turn
    from shelves s join asked a on s.looked = a.reach
  limit ?`;

const codeOf = (word: string) => {
  const number = Number(word.replace(/\D/g, ""));
  const mark = word.replace(/\d/g, "");
  return mark === "" ? number : codes[mark as "+"] + number;
};

const matchingAll = (patterns: string[][]) =>
  [
    "true",
    ...patterns.map((some) => `(${some.map(() => "n.phone_number like ?").join(" or ")})`),
  ].join(" and ");

function onSqlite({ filter, limit, after, from }: OfferQuery): Prepared {
  const { words, patterns } = digitSearch(filter);
  const facets = [
    ...(filter.country || filter.kind ? [facetWord(filter.country, filter.kind)] : []),
    ...(filter.memorable ? [memorableWord] : []),
  ];
  const quoted = (list: readonly string[]) => list.map((word) => `"${word}"`);
  const match = (words.length > 0 ? words : [{ all: [], any: [] }])
    .map(({ all, any }) =>
      [...quoted([...facets, ...all]), ...any.map((some) => `(${quoted(some).join(" OR ")})`)].join(
        " AND ",
      ),
    )
    .map((way) => `(${way})`)
    .join(" OR ");
  const arm = (
    turn: number,
    ...bounds: [comparison: string, place: Place][]
  ): [string, Knex.RawBinding[]] => [
    `select * from (
       select n.id, n.phone_number, n.entered_at as added_at, n.country, n.kind, 0 as shelf, ${turn} as turn
         from offer_search s join numbers_on_offer n on n.id = ${idAt("s.rowid")}
        where s.offer_search match ?
          ${bounds.map(([comparison]) => `and s.rowid ${comparison} ${place("?", "?")}`).join(" ")}
          and ${matchingAll(patterns)} order by s.rowid limit ?)`,
    [match, ...bounds.flatMap(([, { at, id }]) => [at, id]), ...patterns.flat(), limit],
  ];
  const begin: [string, Place][] = after ? [[">", after]] : from ? [[">=", from]] : [];
  const arms = [
    ...(after?.turn ? [] : [arm(0, ...begin)]),
    ...(from ? [arm(1, ...(after?.turn ? begin : []), ["<", from])] : []),
  ];
  return [
    { name: "offer", sql: `${arms.map(([sql]) => sql).join(" union all ")} limit ?` },
    [...arms.flatMap(([, values]) => values), limit],
  ];
}

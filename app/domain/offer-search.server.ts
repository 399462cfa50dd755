import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import type { NumberKind } from "#app/domain/number-facts.ts";
import {
  digitSearch,
  runMark,
  type NumberFilter,
  type Words,
} from "#app/domain/number-patterns.ts";
import { codes, facetCode } from "#app/domain/rules/offer-postgres.ts";
import { facetWord, idAt, memorableWord, place } from "#app/domain/rules/offer-sqlite.ts";

/**
 * A page of the numbers on offer that match a filter. On PostgreSQL a short walk in their order
 * finds common matches, and the trigrams' GIN index, shelf by shelf, finds rare ones; on SQLite
 * FTS5 finds both, reading in the pool's order (docs/decisions/6-numbers-on-offer.md).
 */

/** A place in the pool's order: just after a number. */
export interface Place {
  /** when it entered, as the database has it */
  at: string | number;
  id: number;
  /** on PostgreSQL only; undefined if not given */
  shelf?: number | null | undefined;
  /** 1 once the list has reached the pool's end and continues from its beginning */
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

/**
 * The query. The order is the pool's; it begins after `after`, and with `from` it wraps round to
 * there.
 */
export interface OfferQuery {
  filter: NumberFilter;
  limit: number;
  after?: Place | undefined;
  /** where the visitor's list begins */
  from?: Place | undefined;
  /** how many shelves one page looks through */
  reach?: number | undefined;
  /** how many numbers it walks through first, one by one */
  walk?: number | undefined;
}

/** Rows in order; the last may not be a number but mark the end of what one page looks through. */
export type OfferPage = (OfferRow | (Omit<OfferRow, "id"> & { id: null }))[];

/** Whether a filter narrows the list. */
export function narrows(filter: NumberFilter): boolean {
  const { country, kind, memorable } = filter;
  return Boolean(country || kind || memorable) || digitSearch(filter).patterns.length > 0;
}

/** Reads a page of the matching numbers on offer, at most `limit` rows. */
export function searchOffer(db: Knex, asked: OfferQuery): Promise<OfferPage> {
  return query(db, ...(isPostgres(db) ? onPostgres(asked) : onSqlite(asked)));
}

type Prepared = [statement: { name: string; sql: string }, values: Knex.RawBinding[]];

/** About eight million numbers. */
const usualReach = 256;
/** Each is a separate statement. */
const walks = [300, 700, 2_000] as const;
const last = 2 ** 31 - 1;

function onPostgres({ filter, limit, after, from, ...asked }: OfferQuery): Prepared {
  const { reach = usualReach } = asked;
  const { words, patterns } = digitSearch(filter);
  const facets = [
    ...(filter.country || filter.kind ? [facetCode(filter.country, filter.kind)] : []),
    ...(filter.memorable ? [codes.memorable] : []),
  ];
  // On a shelf, each code is prefixed with the shelf's number.
  const keys = "array(select (s.shelf & 32767) << 16 | code from unnest(?::integer[]) code)";
  const lists: string[] = [];
  const has = (operator: string, list: readonly number[]) => {
    lists.push(`{${list.join()}}`);
    return `n.grams ${operator} ${keys}`;
  };
  const ways = (words.length > 0 ? words : [noWords]).map(({ all, any, common }) => {
    const every = [...facets, ...all.map(codeOf)];
    return [
      ...(every.length > 0 ? [has("@>", every)] : []),
      ...[...any, ...common].map((some) => has("&&", some.map(codeOf))),
    ].join(" and ");
  });
  const facetConditions = [
    ...(filter.country ? ["n.country = ?"] : []),
    ...(filter.kind ? ["n.kind = any(?::text[])"] : []),
    ...(filter.memorable ? ["n.memorable"] : []),
  ];
  const facetValues = [
    ...(filter.country ? [filter.country] : []),
    ...(filter.kind ? [`{${kindsFound(filter.kind).join()}}`] : []),
  ];
  const shape = [
    words
      .map(
        ({ all, any, common }) =>
          `${Math.min(all.length + facets.length, 1)}${any.length + common.length}`,
      )
      .join("."),
    patterns.map((some) => some.length).join("."),
    ...[filter.country && "c", filter.kind && "k", filter.memorable && "m"].filter(Boolean),
  ].join(" ");
  const start = after ??
    (from && { ...from, id: from.id - 1, turn: 0 }) ?? { at: "-infinity", id: 0, shelf: -1 };
  // Long enough to fill a page with a two-digit match, which one number in sixteen is. The planner
  // must know how short it is.
  const usualWalk = walks.find((numbers) => numbers >= (limit - 1) * 20) ?? walks[2];
  // One number in two thousand has a given digit four times in a row, which a walk would not find.
  const isRare = words.some(({ all }) => all.some((word) => word.startsWith(runMark)));
  const walk = start.shelf == null || isRare ? 0 : (asked.walk ?? usualWalk);
  const sql = postgresPage({
    walk,
    facets: facetConditions.join(" and ") || undefined,
    ways: `(${ways.join(" or ")})`,
    patterns: matchingAll(patterns),
  });
  return [
    { name: `offer ${walk} ${shape}`, sql },
    [
      start.turn ?? 0,
      // If no shelf was given, every shelf is searched for later numbers.
      start.shelf ?? 0,
      start.shelf ?? last,
      start.at,
      start.id,
      from ? (from.shelf ?? last) : -1,
      from?.at ?? "infinity",
      from?.id ?? 0,
      reach,
      limit,
      ...facetValues,
      ...facetValues,
      ...patterns.flat(),
      ...lists,
      ...patterns.flat(),
    ],
  ];
}

const kindsFound = (kind: NumberKind): NumberKind[] =>
  kind === "mobile" ? ["mobile", "geographic-or-mobile"] : [kind];

interface PageSql {
  walk: number;
  facets: string | undefined;
  ways: string;
  patterns: string;
}

// A shelf is searched whole (OFFSET 0): otherwise the planner would walk the whole pool in order
// for rare matches. It is reached only if the walk has not filled the page and the counts say that
// such numbers exist. The last row says that the page has looked as far as it may.
const postgresPage = ({ walk, facets, ways, patterns }: PageSql) => `
  with recursive asked as materialized (
    select * from (values (
      ?::integer, ?::integer, ?::integer, ?::timestamp, ?::bigint, ?::integer, ?::timestamp, ?::bigint,
      ?::integer, ?::integer)) v (turn, shelf, after_shelf, after_at, after_id, end_shelf, end_at, end_id, reach, most)),
  walk as materialized (
    select n.* from asked a cross join lateral (
      select n.id, n.phone_number, n.entered_at, n.country, n.kind, n.memorable, n.shelf, a.turn
        from numbers_on_offer n where (n.shelf, n.entered_at, n.id) > (a.shelf, a.after_at, a.after_id)
       order by n.shelf, n.entered_at, n.id limit ${walk}) n),
  start as materialized (
    select a.turn, coalesce(w.shelf, a.shelf) as shelf, coalesce(w.shelf, a.after_shelf) as after_shelf,
           coalesce(w.entered_at, a.after_at) as after_at, coalesce(w.id, a.after_id) as after_id,
           a.end_shelf, a.end_at, a.end_id, a.reach, a.most
      from asked a left join lateral (
        select w.shelf, w.entered_at, w.id from walk w order by w.shelf desc, w.entered_at desc, w.id desc limit 1) w on true),
  shelves (turn, shelf, looked) as (
    (select a.turn, least.shelf, 1 from start a cross join lateral (
       select n.shelf from numbers_on_offer n where n.shelf >= a.shelf order by n.shelf limit 1) least
      ${facets ? `where (select sum(n.n) from pool_counts n where n.what = 'available' and ${facets}) > 0` : ""})
    union all
    select s.turn + (up.shelf is null)::integer, coalesce(up.shelf, bottom.shelf), s.looked + 1
      from shelves s cross join start a
      cross join (select n.shelf from numbers_on_offer n order by n.shelf limit 1) bottom
      left join lateral (
        select n.shelf from numbers_on_offer n where n.shelf > s.shelf order by n.shelf limit 1) up on true
     where s.looked < a.reach
       and (s.turn + (up.shelf is null)::integer = 0
            or s.turn + (up.shelf is null)::integer = 1 and coalesce(up.shelf, bottom.shelf) <= a.end_shelf))
  select * from (
    select n.id, n.phone_number, cast(n.entered_at as text) as added_at, n.country, n.kind, n.shelf, n.turn
      from walk n cross join asked a
     where ${facets ?? "true"} and ${patterns}
       and (n.turn = 0 or (n.shelf, n.entered_at, n.id) < (a.end_shelf, a.end_at, a.end_id))) found
  union all
  select * from (
    select found.* from start a cross join shelves s cross join lateral (
      select n.id, n.phone_number, cast(n.entered_at as text) as added_at, n.country, n.kind, n.shelf, s.turn
        from numbers_on_offer n
       where ${ways} and ${patterns}
         and (n.shelf > a.after_shelf or s.turn > a.turn or (n.entered_at, n.id) > (a.after_at, a.after_id))
         and (s.turn = 0 or n.shelf < a.end_shelf or (n.entered_at, n.id) < (a.end_at, a.end_id))
       order by n.entered_at, n.id limit a.most offset 0) found) found
  union all
  select null, '', '9999-12-31 23:59:59', null, null, s.shelf, s.turn
    from shelves s join start a on s.looked = a.reach
  limit (select most from asked)`;

const noWords: Words = { all: [], any: [], common: [] };

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

/** The longest page for which two digits are looked for in the numbers themselves. */
const mostLooked = 101;

function onSqlite({ filter, limit, after, from }: OfferQuery): Prepared {
  const { words, patterns } = digitSearch(filter);
  const facets = [
    ...(filter.country || filter.kind ? [facetWord(filter.country, filter.kind)] : []),
    ...(filter.memorable ? [memorableWord] : []),
  ];
  const quoted = (list: readonly string[]) => list.map((word) => `"${word}"`);
  const match = (words.length > 0 ? words : [noWords])
    .map(({ all, any, common }) => {
      const every = [...facets, ...all];
      // Looking at a dozen numbers for each one shown costs less than going through eleven more
      // lists.
      const isLooked = every.length + any.length > 0 && limit <= mostLooked;
      const some = isLooked ? any : [...any, ...common];
      return [...quoted(every), ...some.map((list) => `(${quoted(list).join(" OR ")})`)].join(
        " AND ",
      );
    })
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

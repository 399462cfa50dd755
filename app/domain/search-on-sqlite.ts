import type { Knex } from "knex";
import { digitSearch } from "#app/domain/number-patterns.ts";
import {
  areAny,
  areFew,
  countedAs,
  facetsOf,
  matchingAll,
  noWords,
  type OfferQuery,
  type Place,
  type Prepared,
} from "#app/domain/offer-query.ts";
import { digitWord, facetWord, idAt, place } from "#app/domain/rules/offer-sqlite.ts";

/** A search on SQLite: FTS5 finds common and rare matches, reading in the pool's order. */

export function onSqlite({ filter, limit, after, from }: OfferQuery): Prepared {
  const { words, patterns } = digitSearch(filter);
  const facets = facetsOf(filter);
  const facet = facetWord(filter);
  const ways = words.length > 0 ? words : [noWords];
  const one = (list: readonly string[]) => `(${list.join(" OR ")})`;
  const quoted = (list: readonly string[]) => list.map((word) => `"${digitWord(word)}"`);
  const matchOf = (isExact: boolean, isFacetRare: boolean) =>
    one(
      ways.map(({ all, any, common, isRare }) => {
        const isSought = facet !== undefined && (isFacetRare || !isRare);
        const every = [...(isSought ? [`"${facet}"`] : []), ...quoted(all)];
        const some = isExact ? [...any, ...common] : any;
        return `(${[...every, ...some.map((list) => one(quoted(list)))].join(" AND ")})`;
      }),
    );
  // Looking at a dozen numbers for each one shown costs less than going through dozens of lists;
  // these are for two digits that the numbers looked at do not have.
  const isLooked = ways.some(({ common }) => common.length > 0);
  /** whether nothing but the two digits is asked, so that any number is looked at */
  const isAny = facet === undefined && ways.some(({ all, any }) => all.length + any.length === 0);
  const most = Math.min(limit * 20, 2_000);
  const rows = (turn: number, source: string, at: string) => `
    select n.id, n.phone_number, n.entered_at as added_at, n.country, n.kind, 0 as shelf, ${turn} as turn
      from ${source} join numbers_on_offer n on n.id = ${idAt(at)}
     where ${[facets.sql ?? "true", matchingAll(patterns)].join(" and ")}`;
  const matched = [...facets.values, ...patterns.flat()];
  const arm = (turn: number, ...bounds: [comparison: string, place: Place][]): Arm => {
    const match = `offer_search match ${facets.sql ? `iif(${areFew}, ?, ?)` : "?"}`;
    const search = (isExact: boolean) => `${isExact || !isAny ? match : "true"}
      ${bounds.map(([sign]) => `and s.rowid ${sign} ${place("?", "?")}`).join(" ")}
      ${facets.sql ? `and ${areAny}` : ""}`;
    const searched = (isExact: boolean) => [
      ...(facets.sql ? [matchOf(isExact, true)] : []),
      ...(isExact || !isAny ? [matchOf(isExact, false)] : []),
      ...bounds.flatMap(([, { at, id }]) => [at, id]),
    ];
    const looked = `looked${turn}`;
    const exact = (beyond = "") => ({
      sql: `${rows(turn, "offer_search s", "s.rowid")} and ${search(true)} ${beyond} order by s.rowid limit ?`,
      values: [...matched, ...searched(true), limit],
    });
    if (!isLooked) return { lists: [], pages: [exact()] };
    return {
      lists: [
        {
          sql: `${looked} as materialized (
            select s.rowid as place from offer_search s where ${search(false)} order by s.rowid limit ${most})`,
          values: searched(false),
        },
      ],
      pages: [
        {
          sql: `${rows(turn, `${looked} l`, "l.place")} order by l.place limit ?`,
          values: [...matched, limit],
        },
        exact(`and s.rowid > (select max(place) from ${looked} having count(*) = ${most})`),
      ],
    };
  };
  const begin: [string, Place][] = after ? [[">", after]] : from ? [[">=", from]] : [];
  const arms = [
    ...(after?.turn ? [] : [arm(0, ...begin)]),
    ...(from ? [arm(1, ...(after?.turn ? begin : []), ["<", from])] : []),
  ];
  const lists = [
    ...(facets.sql ? [{ sql: countedAs(facets.sql), values: facets.values }] : []),
    ...arms.flatMap(({ lists }) => lists),
  ];
  const pages = arms.flatMap(({ pages }) => pages);
  const all = pages.map(({ sql }) => `select * from (${sql})`).join(" union all ");
  const defined = lists.map(({ sql }) => sql).join(", ");
  return [
    { name: "offer", sql: `${defined && `with ${defined}`} ${all} limit ?` },
    [...[...lists, ...pages].flatMap(({ values }) => values), limit],
  ];
}

interface Sql {
  sql: string;
  values: Knex.RawBinding[];
}

/** One range of the pool's order: pages that follow one another, and lists that they read. */
interface Arm {
  lists: Sql[];
  pages: Sql[];
}

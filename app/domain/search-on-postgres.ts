import { digitSearch } from "#app/domain/number-patterns.ts";
import {
  areAny,
  areFew,
  countedAs,
  facetsOf,
  matchingAll,
  noWords,
  type OfferQuery,
  type Prepared,
} from "#app/domain/offer-query.ts";
import { codes, facetCode } from "#app/domain/rules/offer-postgres.ts";

/**
 * A search on PostgreSQL: a short walk in the pool's order finds common matches, and the trigrams'
 * GIN index, shelf by shelf, finds rare ones.
 */

/** About eight million numbers. */
const usualReach = 256;
/** Each is a separate statement. */
const walks = [300, 700, 2_000] as const;
const last = 2 ** 31 - 1;

export function onPostgres({ filter, limit, after, from, ...asked }: OfferQuery): Prepared {
  const { reach = usualReach } = asked;
  const { words, patterns } = digitSearch(filter);
  const facet = facetCode(filter);
  const lists: string[] = [];
  const given = (list: readonly number[]) => {
    lists.push(`{${[...new Set(list)].join()}}`);
    return "?::integer[]";
  };
  // On a shelf, each code is prefixed with the shelf's number.
  const has = (operator: string, list: string) =>
    `n.grams ${operator} array(select (s.shelf & 32767) << 16 | code from unnest(${list}) code)`;
  const ways = (words.length > 0 ? words : [noWords]).map(({ all, any, common, isRare }) => {
    const digits = all.map(codeOf);
    const every = facet === undefined ? digits : [facet, ...digits];
    const list = () =>
      facet !== undefined && isRare
        ? `case when ${areFew} then ${given(every)} else ${given(digits)} end`
        : given(every);
    // Few numbers are easy to remember: looking at each costs less than going through ten lists.
    const some = filter.memorable ? any : [...any, ...common];
    return [
      ...(every.length > 0 ? [has("@>", list())] : []),
      ...some.map((words) => has("&&", given(words.map(codeOf)))),
    ].join(" and ");
  });
  const facets = facetsOf(filter);
  const shape = [
    words
      .map(
        ({ all, any, common, isRare }) =>
          `${isRare ? "r" : ""}${Math.min(all.length, 1)}${any.length}${common.length}`,
      )
      .join("."),
    patterns.map((some) => some.length).join("."),
    ...[filter.country && "c", filter.kind && "k", filter.memorable && "m"].filter(Boolean),
    facets.values.length,
  ].join(" ");
  const start = after ??
    (from && { ...from, id: from.id - 1, turn: 0 }) ?? { at: "-infinity", id: 0, shelf: -1 };
  // Long enough to fill a page with a two-digit match, which one number in sixteen is. The planner
  // must know how short it is.
  const usualWalk = walks.find((numbers) => numbers >= (limit - 1) * 20) ?? walks[2];
  // One number in two thousand has a given digit four times in a row, which a walk would not find.
  const hasRun = words.some(({ all }) => all.some((word) => /^(rr|ss)/.test(word)));
  const walk = start.shelf == null || hasRun ? 0 : (asked.walk ?? usualWalk);
  const sql = postgresPage({
    walk,
    facets: facets.sql,
    ways: `(${ways.join(" or ")})`,
    patterns: matchingAll(patterns),
  });
  return [
    { name: `offer ${walk} ${shape}`, sql },
    [
      ...facets.values,
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
      ...facets.values,
      ...patterns.flat(),
      ...lists,
      ...facets.values,
      ...patterns.flat(),
    ],
  ];
}

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
  with recursive ${facets ? `${countedAs(facets)},` : ""}
  asked as materialized (
    select * from (values (
      ?::integer, ?::integer, ?::integer, ?::timestamp, ?::bigint, ?::integer, ?::timestamp, ?::bigint,
      ?::integer, ?::integer)) v (turn, shelf, after_shelf, after_at, after_id, end_shelf, end_at, end_id, reach, most)),
  walk as materialized (
    select n.* from asked a cross join lateral (
      select n.id, n.phone_number, n.entered_at, n.country, n.kind, n.memorable, n.shelf, a.turn
        from numbers_on_offer n where (n.shelf, n.entered_at, n.id) > (a.shelf, a.after_at, a.after_id)
       order by n.shelf, n.entered_at, n.id limit ${walk}) n
     where ${facets ? areAny : "true"}),
  start as materialized (
    select a.turn, coalesce(w.shelf, a.shelf) as shelf, coalesce(w.shelf, a.after_shelf) as after_shelf,
           coalesce(w.entered_at, a.after_at) as after_at, coalesce(w.id, a.after_id) as after_id,
           a.end_shelf, a.end_at, a.end_id, a.reach, a.most
      from asked a left join lateral (
        select w.shelf, w.entered_at, w.id from walk w order by w.shelf desc, w.entered_at desc, w.id desc limit 1) w on true),
  edges as materialized (
    select (select n.shelf from numbers_on_offer n order by n.shelf limit 1) as bottom,
           (select n.shelf from numbers_on_offer n order by n.shelf desc limit 1) as top),
  shelves (turn, shelf, looked) as (
    select a.turn, greatest(a.shelf, e.bottom), 0 from start a cross join edges e
     where ${facets ? areAny : "true"}
    union all
    select up.turn, up.shelf, s.looked + 1
      from shelves s cross join start a cross join edges e cross join lateral (
        select s.turn + (s.shelf >= e.top)::integer as turn,
               case when s.shelf >= e.top then e.bottom else s.shelf + 1 end as shelf) up
     where s.looked < a.reach and (up.turn = 0 or up.turn = 1 and up.shelf <= a.end_shelf))
  select * from (
    select n.id, n.phone_number, cast(n.entered_at as text) as added_at, n.country, n.kind, n.shelf, n.turn
      from walk n cross join asked a
     where ${facets ?? "true"} and ${patterns}
       and (n.turn = 0 or (n.shelf, n.entered_at, n.id) < (a.end_shelf, a.end_at, a.end_id))) found
  union all
  select * from (
    select found.id, found.phone_number, cast(found.entered_at as text), found.country, found.kind, found.shelf, s.turn
      from start a cross join shelves s cross join lateral (
      select n.id, n.phone_number, n.entered_at, n.country, n.kind, n.shelf
        from numbers_on_offer n
       where ${ways} and ${facets ?? "true"} and ${patterns}
         and (n.shelf > a.after_shelf or s.turn > a.turn or (n.entered_at, n.id) > (a.after_at, a.after_id))
         and (s.turn = 0 or (n.shelf, n.entered_at, n.id) < (a.end_shelf, a.end_at, a.end_id))
       order by n.entered_at, n.id limit a.most offset 0) found) found
  union all
  select null, '', '9999-12-31 23:59:59', null, null, s.shelf, s.turn
    from shelves s join start a on s.looked = a.reach
  limit (select most from asked)`;

const codeOf = (word: string) => {
  const number = Number(word.replaceAll(/\D/g, ""));
  const mark = word.replaceAll(/\d/g, "");
  return mark === "" ? number : codes[mark as "+"] + number;
};

import type { Knex } from "knex";
import type { NumberKind } from "#app/domain/number-facts.ts";
import type { NumberFilter, Words } from "#app/domain/number-patterns.ts";

/** A search of the numbers on offer, and the SQL that both engines have in common. */

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
  /** how many shelves one page looks through after the one where it begins */
  reach?: number | undefined;
  /** how many numbers it walks through first, one by one */
  walk?: number | undefined;
}

/** A statement by its name, with its values. */
export type Prepared = [statement: { name: string; sql: string }, values: Knex.RawBinding[]];

export const noWords: Words = { all: [], any: [], common: [], isRare: false };

/**
 * A value hidden from PostgreSQL's planner. It would otherwise take each value for a reason to plan
 * anew, which takes as long as the search.
 */
const value = "(select cast(? as text))";

/** What a filter asks beside digits, as SQL; undefined if nothing. */
export function facetsOf({ country, kind, memorable }: NumberFilter) {
  const kinds = kind ? kindsFound(kind) : [];
  const sql = [
    ...(country ? [`n.country = ${value}`] : []),
    ...(kind ? [`(${kinds.map(() => `n.kind = ${value}`).join(" or ")})`] : []),
    ...(memorable ? ["n.memorable"] : []),
  ];
  return {
    sql: sql.length > 0 ? sql.join(" and ") : undefined,
    values: [...(country ? [country] : []), ...kinds],
  };
}

/**
 * A common table expression: how many numbers the facets leave, and of how many. Where they leave
 * few, the index looks for them even beside digits that few numbers have.
 */
export const countedAs = (facets: string) => `counted as materialized (
  select sum(n.n) filter (where ${facets}) as matching, sum(n.n) as available
    from pool_counts n where n.what = 'available')`;
export const areAny = "(select matching from counted) > 0";
export const areFew = "(select matching * 8 < available from counted)";

const kindsFound = (kind: NumberKind): NumberKind[] =>
  kind === "mobile" ? ["mobile", "geographic-or-mobile"] : [kind];

/** SQL for numbers that have one of each list of LIKE patterns. */
export const matchingAll = (patterns: string[][]) =>
  [
    "true",
    ...patterns.map((some) => `(${some.map(() => `n.phone_number like ${value}`).join(" or ")})`),
  ].join(" and ");

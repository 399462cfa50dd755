import { createHash } from "node:crypto";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";
import type { Place } from "#app/domain/offer-query.ts";

/** How many numbers are on offer, and where a visitor's list begins: a single query for both. */
export interface OfferSurvey {
  /** all there are */
  available: number;
  /**
   * how many match a filter; undefined if it has digits, since that would mean searching the whole
   * pool
   */
  matching: number | undefined;
  /** the countries that have numbers, most numbers first */
  countries: { country: string; available: number }[];
  /** where the visitor's list begins; undefined for the oldest number */
  from: Place | undefined;
}

/**
 * @param visitor any text that stays the same while a visitor looks, and is not shared with another
 * visitor
 */
export async function surveyOffer(
  db: Knex,
  filter: NumberFilter = {},
  visitor?: string,
): Promise<OfferSurvey> {
  const parts = [counts(db)];
  if (visitor !== undefined) parts.push(startOf(db, visitor));
  const rows = await query<SurveyRow>(
    db,
    {
      name: `survey ${parts.map(({ name }) => name).join(" ")}`,
      sql: parts.map(({ sql }) => sql).join(" union all "),
    },
    parts.flatMap(({ values }) => values),
  );
  const groups = rows.filter(({ what }) => what === "available");
  const sumOf = (those: SurveyRow[]) => those.reduce((sum, { n }) => sum + n, 0);
  const isOfKind = (kind: string) =>
    kind === filter.kind || (filter.kind === "mobile" && kind === "geographic-or-mobile");
  const countries = new Map<string, number>();
  for (const { country, n } of groups) {
    if (country !== "") countries.set(country, (countries.get(country) ?? 0) + n);
  }
  const { patterns, digits } = digitSearch(filter);
  const start = rows.find(({ what }) => what === "from");
  return {
    available: sumOf(groups),
    matching:
      patterns.length + digits.length > 0
        ? undefined
        : sumOf(
            groups.filter(
              ({ country, kind, memorable }) =>
                (!filter.country || country === filter.country) &&
                (!filter.kind || isOfKind(kind)) &&
                (!filter.memorable || memorable),
            ),
          ),
    countries: [...countries]
      .map(([country, available]) => ({ country, available }))
      .filter(({ available }) => available > 0)
      .sort((a, b) => b.available - a.available || (a.country < b.country ? -1 : 1)),
    from: start && { at: start.at!, id: start.id!, shelf: start.shelf },
  };
}

interface SurveyRow {
  what: "available" | "from";
  country: string;
  kind: string;
  memorable: boolean | number;
  n: number;
  at: string | null;
  id: number | null;
  shelf: number | null;
}

interface Part {
  name: string;
  sql: string;
  values: readonly Knex.RawBinding[];
}

const integer = (db: Knex, sql: string) =>
  `cast(${sql} as ${isPostgres(db) ? "bigint" : "integer"})`;

const counts = (db: Knex): Part => ({
  name: "counts",
  sql: `select what, country, kind, memorable, ${integer(db, "sum(n)")} as n,
               cast(null as text) as at, ${integer(db, "null")} as id, cast(null as integer) as shelf
          from pool_counts where what = 'available' group by what, country, kind, memorable`,
  values: [],
});

/** How many consecutive ids are searched for a number that is still there. */
const stretch = 64;
const tries = 16;

/**
 * A number to begin with, drawn for the visitor: ids are drawn between the oldest and the newest
 * number on offer, and the first that is on offer, or soon followed by one that is, wins. The range
 * is rounded to powers of two, so that numbers coming and going seldom change the draw.
 */
function startOf(db: Knex, visitor: string): Part {
  const hash = createHash("sha512").update(visitor).digest();
  const drawn = Array.from({ length: tries }, (_, at) => {
    return hash.readUInt32BE(at * 4) / 2 ** 32;
  });
  const postgres = isPostgres(db);
  const first = "(select id from numbers_on_offer order by id limit 1)";
  const last = "(select id from numbers_on_offer order by id desc limit 1)";
  // Fills an integer's lower bits: 100 becomes 127. With a LIMIT each step is computed once, and
  // not written out in the next.
  const filled = [1, 2, 4, 8, 16, 32].reduce(
    (from, bits) => `(select a, b, r | (r >> ${bits}) as r from ${from} f${bits} limit 1)`,
    `(select ${first} as a, ${last} as b, ${last} - ${first} as r limit 1)`,
  );
  const draws = postgres
    ? "unnest(?::float8[]) with ordinality as d (value, key)"
    : "json_each(?) d";
  return {
    name: "start",
    sql: `select 'from', '', '', false, 0, n.entered_at, n.id, n.shelf from (
            select ${postgres ? "cast(o.entered_at as text)" : "o.entered_at"} as entered_at, o.id, ${postgres ? "o.shelf" : "null"} as shelf
              from (select a, b, ${integer(db, "a - (a & (r >> 2)) + d.value * (r + (r >> 2) + 1)")} as c, d.key as turn
                      from ${filled} edges cross join ${draws}) drawn
              join numbers_on_offer o on o.id = (
                select f.id from numbers_on_offer f where f.id between drawn.c and drawn.c + ${stretch - 1}
                 and drawn.c between drawn.a and drawn.b order by f.id limit 1)
             order by drawn.turn limit 1) n`,
    values: [postgres ? `{${drawn.join()}}` : JSON.stringify(drawn)],
  };
}

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";
import type { OfferQuery, OfferRow } from "#app/domain/offer-query.ts";
import { onPostgres } from "#app/domain/search-on-postgres.ts";
import { onSqlite } from "#app/domain/search-on-sqlite.ts";

/**
 * A page of the numbers on offer that match a filter (docs/decisions/6-numbers-on-offer.md).
 */

/** Rows in order; the last may not be a number but mark the end of what one page looks through. */
export type OfferPage = (OfferRow | (Omit<OfferRow, "id"> & { id: null }))[];

/** Whether a filter narrows the list. */
export function narrows(filter: NumberFilter): boolean {
  const { country, kind, memorable } = filter;
  return Boolean(country || kind || memorable) || digitSearch(filter).patterns.length > 0;
}

/** Reads a page of the matching numbers on offer, at most `limit` rows. */
export async function searchOffer(db: Knex, asked: OfferQuery): Promise<OfferPage> {
  if (digitSearch(asked.filter).isVain) return [];
  return query(db, ...(isPostgres(db) ? onPostgres(asked) : onSqlite(asked)));
}

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { countedOutcomes, countOfCalls } from "#app/domain/rules/call-counts.ts";
import * as postgres from "#app/domain/rules/offer-postgres.ts";
import * as sqlite from "#app/domain/rules/offer-sqlite.ts";

/**
 * Brings what is kept of the pool (offer-postgres.ts, offer-sqlite.ts) into line with it:
 * everything if there is nothing yet, or only the differences if somebody wrote while the triggers
 * were off.
 * @param db a transaction in which nobody else writes (`keepWritersOut`)
 */
export async function refill(db: Knex): Promise<void> {
  const { strays } = isPostgres(db) ? postgres : sqlite;
  await db.raw(`delete from ${strays}`);
  if (!isPostgres(db)) {
    await db.raw(sqlite.enterAll);
  } else if ((await db("numbers_on_offer").first("id")) === undefined) {
    for (const statement of postgres.enterAll) await db.raw(statement);
  } else {
    await db.raw(
      postgres.enter(
        "twilio_phone_numbers n left join numbers_on_offer f on f.id = n.id",
        "f.id is null",
      ),
    );
    await db.raw("update numbers_on_offer set shelf = shelf where grams is null");
  }
  await db("pool_counts").delete();
  for (const { what, country, kind, memorable, from } of counted) {
    await db.raw(
      `insert into pool_counts (what, country, kind, memorable, slot, n)
       select '${what}', ${country}, ${kind}, ${memorable}, 0, count(*) from ${from} group by 2, 3, 4`,
    );
  }
}

/** Indexes the numbers on offer anew, after a change of the words that they are found by. */
export async function reindex(db: Knex): Promise<void> {
  for (const statement of (isPostgres(db) ? postgres : sqlite).indexAll) await db.raw(statement);
}

const none = { country: "''", kind: "''", memorable: "false" };

/** What {@link refill} counts, and the doctor checks. */
export const counted = [
  {
    what: "available",
    country: "coalesce(country, '')",
    kind: "coalesce(kind, '')",
    memorable: "coalesce(memorable, false)",
    from: "numbers_on_offer",
  },
  { what: "assigned", ...none, from: "twilio_phone_numbers where status = 'assigned'" },
  { what: "companies", ...none, from: "companies" },
];

/**
 * Recounts each company's calls by day; if the outcome columns do not exist yet, the migration that
 * makes them counts.
 * @param db a transaction
 */
export async function recountCalls(db: Knex): Promise<void> {
  if (!(await db.schema.hasColumn("calls_per_day", "missed"))) return;
  if (isPostgres(db)) await db.raw("lock table calls in share row exclusive mode");
  await db("calls_per_day").delete();
  await db.raw(
    `insert into calls_per_day (company_id, day, calls, ${countedOutcomes.join(", ")})
     ${countOfCalls(isPostgres(db) ? "postgres" : "sqlite")}`,
  );
}

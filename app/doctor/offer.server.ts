import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { query } from "#app/query.server.ts";
import { found, type Finding } from "#app/doctor/finding.ts";
import { findOutFacts } from "#app/domain/pool-facts.server.ts";
import { callsAreMiscounted } from "#app/domain/rules/call-counts.ts";
import { counted } from "#app/domain/rules/offer.server.ts";
import { keepWritersOut, recountCalls, refill } from "#app/domain/rules/rules.server.ts";

/**
 * Compares what is kept for searches and counts with the pool; they differ if the triggers were off
 * for a while.
 */

/** Something that was wrong, and what a repair did about it, a sentence each. */
export interface Repaired {
  kind: string;
  finding: string;
  repair: string;
}

/** One sentence on how the two differ; undefined if they do not. */
async function differenceOf(db: Knex): Promise<string | undefined> {
  const numberOf = async (query: Knex.QueryBuilder) =>
    Number(((await query.count({ n: "*" }).first()) as { n: number }).n);
  const available = () => db("twilio_phone_numbers as n").where("n.status", "available");
  const unseen = await numberOf(
    available().whereRaw(
      `not exists (select 1 from numbers_on_offer o where o.id = n.id and o.phone_number = n.phone_number)`,
    ),
  );
  const surplus = (await numberOf(db("numbers_on_offer"))) - (await numberOf(available())) + unseen;
  if (unseen + surplus > 0) {
    return `Searches miss ${unseen} available numbers and find ${surplus} that are not.`;
  }
  for (const { what, country, kind, memorable, from } of counted) {
    const rows = await db.raw<unknown>(
      `select sum(n) as n from (
         select ${country} as country, ${kind} as kind, ${memorable} as memorable, count(*) as n from ${from} group by 1, 2, 3
         union all
         select country, kind, memorable, -sum(n) from pool_counts where what = '${what}' group by country, kind, memorable
       ) both_counts group by country, kind, memorable having sum(n) <> 0`,
    );
    const differing = Array.isArray(rows) ? rows : (rows as { rows: unknown[] }).rows;
    if (differing.length > 0) return `The counts of the pool (${what}) are not what is in it.`;
  }
  return undefined;
}

async function callsDiffer(db: Knex): Promise<boolean> {
  const [row] = await query<{ differs: boolean | number }>(db, {
    name: "calls are miscounted",
    sql: callsAreMiscounted(isPostgres(db) ? "postgres" : "sqlite"),
  });
  return Boolean(row!.differs);
}

/** @param db a database whose schema is current */
export async function examineOffer(db: Knex): Promise<Finding[]> {
  const mend = "npm run doctor -- --repair";
  const difference = await differenceOf(db);
  return [
    ...(difference === undefined ? [] : found("offer-differs", difference, mend)),
    ...((await callsDiffer(db)) ? found("calls-miscounted", miscounted, mend) : []),
  ];
}

const miscounted = "The counts of calls by day are not what is in the call log.";

/**
 * Brings it into line with the pool, and works out the country and kind of numbers that came by
 * plain SQL; that is no repair, since the server would do it too.
 * @param say is told what is being done, a sentence each
 * @returns what was repaired; nothing if the schema has no such tables yet
 */
export async function repairOffer(
  db: Knex,
  say: (sentence: string) => void = () => {},
): Promise<Repaired[]> {
  if (!(await db.schema.hasTable("pool_counts"))) return [];
  const done: Repaired[] = [];
  const begin = (kind: string, finding: string) => {
    const repair = "They are made anew.";
    say(`Will be mended: ${finding} ${repair}`);
    done.push({ kind, finding, repair });
  };
  const difference = await differenceOf(db);
  if (difference !== undefined) {
    begin("offer-differs", difference);
    await db.transaction(async (transaction) => {
      await keepWritersOut(transaction);
      await refill(transaction);
    });
  }
  if ((await db.schema.hasColumn("calls_per_day", "missed")) && (await callsDiffer(db))) {
    begin("calls-miscounted", miscounted);
    await db.transaction(recountCalls);
  }
  let known = 0;
  for (;;) {
    const some = await findOutFacts(db);
    if (some === 0) break;
    known += some;
  }
  if (known > 0) {
    say(`The country and kind of ${known} ${known === 1 ? "number" : "numbers"} were found out.`);
  }
  return done;
}

import type { Knex } from "knex";
import { query } from "#app/db.server.ts";
import { lastDays } from "#app/domain/days.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** Calls of one day. */
export interface DayOfCalls {
  /** the company's, `2026-11-22` */
  day: string;
  calls: number;
}

/** How many calls the company had on each of the last `days` days of its zone, today last. */
export async function callsPerDay(
  db: Knex,
  companyId: number,
  days: number,
  timeZone = "UTC",
  now = new Date(),
): Promise<DayOfCalls[]> {
  const bounds = lastDays(timeZone, days, now);
  if (bounds.every(({ day, from }) => from.getTime() === Date.parse(day))) {
    const rows = await query<DayOfCalls>(db, countedByDay, [companyId, bounds[0]!.day]);
    const counted = new Map(rows.map(({ day, calls }) => [day, calls]));
    return bounds.map(({ day }) => ({ day, calls: counted.get(day) ?? 0 }));
  }
  const [counts] = await query<Record<string, number>>(
    db,
    countsByDay(days),
    bounds.flatMap(({ from, until }) => [companyId, toDatabaseTime(from), toDatabaseTime(until)]),
  );
  return bounds.map(({ day }, index) => ({ day, calls: Number(counts?.[`day_${index}`]) }));
}

// Triggers count them by UTC's days (rules/call-counts.ts), which are many companies' for half the year or all of it.
const countedByDay = {
  name: "calls by day",
  sql: "select day, calls from calls_per_day where company_id = ? and day >= ?",
};

const countsByDay = (days: number) => ({
  name: `calls on each of ${days} days`,
  sql: `select ${Array.from(
    { length: days },
    (_, index) => `(select count(*) from calls
       where company_id = ? and started_at >= ? and started_at < ?) as day_${index}`,
  ).join(", ")}`,
});

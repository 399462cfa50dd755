import type { Knex } from "knex";
import { lastDays } from "#app/domain/days.ts";
import { remember } from "#app/domain/remember.ts";
import { countedOutcomes } from "#app/domain/rules/call-counts.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * One day's calls, and how many had each outcome; the rest were busy, failed or blocked, or are
 * still going on.
 */
export interface DayOfCalls {
  /** the company's, `2026-11-22` */
  day: string;
  calls: number;
  answered: number;
  message: number;
  missed: number;
}

/** SQL for a company's days as one text, its values, and a function that parses the text. */
export interface DaysAsked {
  /** identifies its text within the statements that contain it */
  name: string;
  sql: string;
  values: Knex.RawBinding[];
  read: (text: string | null) => DayOfCalls[];
}

const columns = ["calls", ...countedOutcomes];
// One text, not a row for each day: less for the driver and the surrounding statement to carry.
const asText = (day: string) =>
  `string_agg(${[day, ...columns].map((part) => `cast(${part} as text)`).join(" || ' ' || ")}, ',')`;

/** Asks for each of the company's last `days` days of its zone, today last. */
export function askDays(
  companyId: number,
  days: number,
  timeZone = "UTC",
  now = new Date(),
): DaysAsked {
  const bounds = lastDays(timeZone, days, now);
  const isUtc = bounds.every(({ day, from }) => from.getTime() === Date.parse(day));
  const first = bounds[0]!;
  const read = (text: string | null) => {
    const counts = new Map(
      (text ?? "").split(",").map((one) => {
        const [day, ...numbers] = one.split(" ");
        return [day, numbers.map(Number)];
      }),
    );
    return bounds.map(({ day }, index) => {
      const [calls = 0, answered = 0, message = 0, missed = 0] =
        counts.get(isUtc ? day : String(index)) ?? [];
      return { day, calls, answered, message, missed };
    });
  };
  if (isUtc) return { name: "counted days", sql: counted, values: [companyId, first.day], read };
  return {
    name: `${days} days`,
    sql: countedNow(String(days)),
    values: bounds.flatMap(({ from, until }) =>
      columns.flatMap(() => [companyId, toDatabaseTime(from), toDatabaseTime(until)]),
    ),
    read,
  };
}

// Triggers count calls by UTC days (rules/call-counts.ts), which for many companies are their own
// days for half the year or all of it.
const counted = `(select ${asText("day")} from calls_per_day where company_id = ? and day >= ?)`;

// Each count is a range of a covering index; grouping would read the calls themselves.
const countedNow = remember((days) => {
  const countOf = (which: string) => `cast((select count(*) from calls
    where company_id = ? ${which} and started_at >= ? and started_at < ?) as text)`;
  const counts = ["", ...countedOutcomes.map((one) => `and outcome = '${one}'`)].map(countOf);
  const day = (index: number) => `'${index} ' || ${counts.join(" || ' ' || ")}`;
  return `(${Array.from({ length: Number(days) }, (_, index) => day(index)).join(" || ',' || ")})`;
});

import { trigger as onPostgres } from "#app/domain/rules/postgres.ts";
import { trigger as onSqlite } from "#app/domain/rules/sqlite.ts";

/**
 * Triggers that count each company's calls by day (UTC) and outcome, so that its dashboard need
 * not. Calls without a valid time are left out.
 */

const day = { postgres: "cast(date(started_at) as text)", sqlite: "date(started_at)" };

/** Outcomes with a column of their own; the others are the remainder of `calls`. */
export const countedOutcomes = ["answered", "message", "missed"] as const;

const columns = ["calls", ...countedOutcomes];
const listed = `company_id, day, ${columns.join(", ")}`;

/** What one call adds to each column. @param outcome SQL */
const worth = (outcome: string, n: number) =>
  [n, ...countedOutcomes.map((one) => `case when ${outcome} = '${one}' then ${n} else 0 end`)]
    .map((value, index) => `${value} as ${columns[index]}`)
    .join(", ");

const added = (to: string) =>
  columns.map((column) => `${column} = ${to}${column} + excluded.${column}`).join(", ");

// In a fixed order, so that statements that change several companies' days cannot deadlock.
const postgresCount = (...parts: [table: string, n: number][]) => `
  insert into calls_per_day as c (${listed})
  select company_id, ${day.postgres}, ${columns.map((column) => `sum(${column})`).join(", ")} from (
    ${parts.map(([table, n]) => `select company_id, started_at, ${worth("outcome", n)} from ${table}`).join(" union all ")}) changed
   where company_id is not null group by 1, 2
  having ${columns.map((column) => `sum(${column}) <> 0`).join(" or ")} order by 1, 2
  on conflict (company_id, day) do update set ${added("c.")};
  return null;`;

const sqliteCount = (row: string, n: number) => `
  insert into calls_per_day (${listed})
  select ${row}.company_id, date(${row}.started_at), ${worth(`${row}.outcome`, n)}
   where ${row}.company_id is not null and date(${row}.started_at) is not null
  on conflict (company_id, day) do update set ${added("")};`;

export const callCounts = {
  postgres: [
    onPostgres(
      "call_is_counted",
      "after insert on calls referencing new table as added for each statement",
      postgresCount(["added", 1]),
      "security definer",
    ),
    onPostgres(
      "call_count_changes",
      "after update on calls referencing old table as olds new table as news for each statement",
      postgresCount(["news", 1], ["olds", -1]),
      "security definer",
    ),
    onPostgres(
      "call_is_counted_no_more",
      "after delete on calls referencing old table as gone for each statement",
      postgresCount(["gone", -1]),
      "security definer",
    ),
  ],
  sqlite: [
    onSqlite("call_is_counted", "after insert on calls", sqliteCount("new", 1)),
    onSqlite(
      "call_count_changes",
      `after update on calls
         when new.company_id is not old.company_id or new.started_at is not old.started_at
              or new.outcome is not old.outcome`,
      sqliteCount("old", -1) + sqliteCount("new", 1),
    ),
    onSqlite("call_is_counted_no_more", "after delete on calls", sqliteCount("old", -1)),
  ],
};

/** SQL for everything that {@link callCounts} would have counted, with its columns in order. */
export const countOfCalls = (engine: keyof typeof day) =>
  `select company_id, ${day[engine]} as day, count(*) as calls,
          ${countedOutcomes.map((one) => `count(case when outcome = '${one}' then 1 end) as ${one}`).join(", ")}
     from calls
    where company_id is not null and ${day[engine]} is not null group by company_id, ${day[engine]}`;

/**
 * SQL for whether the counts differ from what {@link countOfCalls} would count. Grouping a million
 * calls takes seconds; adding up a number derived from each one's company and day takes a tenth of
 * that.
 */
export function callsAreMiscounted(engine: keyof typeof day): string {
  const postgres = engine === "postgres";
  const days = (date: string) =>
    postgres
      ? `case when isfinite(${date}) then ${date} - date '1970-01-01' else 0 end`
      : `cast(julianday(${date}) as integer)`;
  // Squared twice, so that errors do not cancel out. With a LIMIT each step is computed once.
  const sums = (counts: string, date: string, from: string) => {
    const drawn = [1, 2].reduce(
      (drawn, turn) =>
        `select ${columns.join(", ")}, (x * x + ${turn}) % 2147483647 as x from (${drawn} limit 9223372036854775807) d`,
      `select ${counts}, (company_id * 40000 + ${days(date)}) % 2147483647 as x from ${from}`,
    );
    return `select ${columns.map((column) => `coalesce(sum(${column} * x), 0)`).join(", ")} from (${drawn}) c`;
  };
  return `select count(*) > 1 as differs from (
    ${sums(worth("outcome", 1), "date(started_at)", "calls where company_id is not null and date(started_at) is not null")}
    union ${sums(columns.join(", "), postgres ? "cast(day as date)" : "day", "calls_per_day")}) both_sums`;
}

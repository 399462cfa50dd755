import { trigger as onPostgres } from "#app/domain/rules/postgres.ts";
import { trigger as onSqlite } from "#app/domain/rules/sqlite.ts";

/** Triggers that count each company's calls by day (UTC), so that its dashboard need not. Calls whose time is none are left out. */

const day = { postgres: "cast(date(started_at) as text)", sqlite: "date(started_at)" };

const postgresCount = (...parts: [table: string, n: number][]) => `
  insert into calls_per_day as c (company_id, day, calls)
  select company_id, ${day.postgres}, sum(n) from (
    ${parts.map(([table, n]) => `select company_id, started_at, ${n} as n from ${table}`).join(" union all ")}) changed
   where company_id is not null group by 1, 2 having sum(n) <> 0
  on conflict (company_id, day) do update set calls = c.calls + excluded.calls;
  return null;`;

const sqliteCount = (row: string, n: number) => `
  insert into calls_per_day (company_id, day, calls)
  select ${row}.company_id, date(${row}.started_at), ${n}
   where ${row}.company_id is not null and date(${row}.started_at) is not null
  on conflict (company_id, day) do update set calls = calls + excluded.calls;`;

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
         when new.company_id is not old.company_id or new.started_at is not old.started_at`,
      sqliteCount("old", -1) + sqliteCount("new", 1),
    ),
    onSqlite("call_is_counted_no_more", "after delete on calls", sqliteCount("old", -1)),
  ],
};

/** SQL for all that {@link callCounts} would have counted. */
export const countOfCalls = (engine: keyof typeof day) =>
  `select company_id, ${day[engine]} as day, count(*) as calls from calls
    where company_id is not null and ${day[engine]} is not null group by company_id, ${day[engine]}`;

/**
 * SQL for whether what is counted is not what {@link countOfCalls} would count. To group a million calls takes seconds, and
 * to add up a number that is drawn by the company and the day of each a tenth of it.
 */
export function callsAreMiscounted(engine: keyof typeof day): string {
  const postgres = engine === "postgres";
  const days = (date: string) =>
    postgres
      ? `case when isfinite(${date}) then ${date} - date '1970-01-01' else 0 end`
      : `cast(julianday(${date}) as integer)`;
  // Squared twice, so that no errors make up for each other. With a LIMIT each step is computed once.
  const sum = (calls: string, date: string, from: string) => {
    const drawn = [1, 2].reduce(
      (drawn, turn) =>
        `select calls, (x * x + ${turn}) % 2147483647 as x from (${drawn} limit 9223372036854775807) d`,
      `select ${calls} as calls, (company_id * 40000 + ${days(date)}) % 2147483647 as x from ${from}`,
    );
    return `(select coalesce(sum(calls * x), 0) from (${drawn}) c)`;
  };
  return `select ${sum("1", "date(started_at)", "calls where company_id is not null and date(started_at) is not null")}
      <> ${sum("calls", postgres ? "cast(day as date)" : "day", "calls_per_day")} as differs`;
}

import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { unknownBefore } from "#app/domain/call-reasons.server.ts";
import type { CallOutcome } from "#app/domain/calls.server.ts";
import { digitSearch } from "#app/domain/number-patterns.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** Which of a company's calls are meant, and how many there are of each kind. */

/** Each that is absent leaves all. */
export interface CallFilter {
  outcome?: CallOutcome | undefined;
  /** what somebody typed to find a caller: digits of the number, wherever they stand in it */
  search?: string | undefined;
  /** calls that began at this second or later */
  since?: Date | undefined;
  /** calls that began before this second */
  until?: Date | undefined;
}

/** Leaves a query of calls with those that a filter means, but for what {@link callerPatterns} tell. */
export function narrowCalls(calls: Knex.QueryBuilder, { outcome, since, until }: CallFilter): void {
  if (outcome) void calls.where({ outcome: outcome === "unknown" ? "in-progress" : outcome });
  const ends = toDatabaseTime(unknownBefore());
  if (outcome === "in-progress") void calls.where("started_at", ">=", ends);
  if (outcome === "unknown") void calls.where("started_at", "<", ends);
  if (since) void calls.where("started_at", ">=", toDatabaseTime(since));
  if (until) void calls.where("started_at", "<", toDatabaseTime(until));
}

/** Patterns of LIKE, one of which a caller has who is searched for; none where nothing is that is in a number. */
export function callerPatterns(search = ""): string[] {
  const { patterns, digits } = digitSearch({ search });
  return [...patterns.flat(), ...digits.map((digit) => `%${digit}%`)];
}

const counted = [
  "answered",
  "message",
  "missed",
  "busy",
  "failed",
  "blocked",
  "in-progress",
  "unknown",
] as const satisfies CallOutcome[];

/** More calls of one outcome are not counted. */
export const mostCallsCounted = 1_000;

/** How many calls a company has of each outcome; one more than {@link mostCallsCounted} stands for all above it. */
export type CallCounts = Record<(typeof counted)[number], number>;

/** Counts the company's calls of some time by outcome, in one query that reads no more than a few thousand entries of an index. */
export async function countCalls(
  db: Knex,
  companyId: number,
  { since, until }: Pick<CallFilter, "since" | "until"> = {},
): Promise<CallCounts> {
  const ends = toDatabaseTime(unknownBefore());
  const from = since ? toDatabaseTime(since) : "0001-01-01 00:00:00";
  const to = until ? toDatabaseTime(until) : "9999-12-31 23:59:59";
  const values = counted.flatMap((outcome) => [
    companyId,
    outcome === "in-progress" && ends > from ? ends : from,
    outcome === "unknown" && ends < to ? ends : to,
  ]);
  const [row] = await query<Record<string, number>>(db, countsByOutcome, values);
  return Object.fromEntries(
    counted.map((outcome, index) => [outcome, Number(row?.[`kind_${index}`])]),
  ) as CallCounts;
}

const countsByOutcome = {
  name: "calls by outcome",
  sql: `select ${counted
    .map(
      (outcome, index) => `(select count(*) from (select 1 from calls
         where company_id = ? and outcome = '${outcome === "unknown" ? "in-progress" : outcome}'
           and started_at >= ? and started_at < ? limit ${mostCallsCounted + 1}) c) as kind_${index}`,
    )
    .join(", ")}`,
};

import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import type { Keyset } from "#app/domain/call-cursor.ts";
import { unknownBefore } from "#app/domain/call-reasons.server.ts";
import type { CallOutcome } from "#app/domain/calls.server.ts";
import { digitSearch } from "#app/domain/number-patterns.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** Which of a company's calls are wanted, and how many there are of each kind. */

/** Anything absent does not narrow the list. */
export interface CallFilter {
  outcome?: CallOutcome | undefined;
  /** what somebody typed to find a caller: digits from anywhere in the number */
  search?: string | undefined;
  /** calls that began at this second or later */
  since?: Date | undefined;
  /** calls that began before this second */
  until?: Date | undefined;
}

/**
 * Narrows a query of calls to those that match a filter, leaving aside {@link callerPatterns}, and
 * on a later page to those `before` its beginning. Each side has only one bound: of two, SQLite
 * looks up one in the index and reads everything between them.
 */
export function narrowCalls(
  calls: Knex.QueryBuilder,
  { outcome, since, until }: CallFilter,
  before?: Keyset,
): void {
  if (outcome) void calls.where({ outcome: outcome === "unknown" ? "in-progress" : outcome });
  const ends = toDatabaseTime(unknownBefore());
  const lower = [since && toDatabaseTime(since), outcome === "in-progress" && ends];
  const from = lower.filter((one) => typeof one === "string").toSorted();
  if (from.length > 0) void calls.where("started_at", ">=", from.at(-1)!);
  // No SID comes before "", so no call of that second is left.
  const upper = [before, until && [toDatabaseTime(until), ""], outcome === "unknown" && [ends, ""]];
  const [to] = upper.filter((one): one is Keyset => typeof one === "object").toSorted(inOrder);
  if (to) void calls.whereRaw("(started_at, call_sid) < (?, ?)", to);
}

// Times in the stored form are also in order as text.
const inOrder = (one: string[], other: string[]) => (one.join(" ") < other.join(" ") ? -1 : 1);

/**
 * LIKE patterns of which a matching caller fits one; none if the search has nothing that occurs in
 * a number.
 */
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

/** Calls of one outcome are not counted beyond this. */
export const mostCallsCounted = 1_000;

/**
 * How many calls a company has of each outcome; one more than {@link mostCallsCounted} means "or
 * more".
 */
export type CallCounts = Record<(typeof counted)[number], number>;

/**
 * Counts the company's calls in a period by outcome, in one query that reads at most a few thousand
 * index entries.
 */
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

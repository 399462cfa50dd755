import type { Knex } from "knex";
import { vi } from "vitest";

/** How an engine would execute a statement, and how much it would read. */

/** A statement, with `?` for each value. */
export type Asked = [sql: string, values: Knex.RawBinding[]];

/** The statements that `work` runs, as written; Knex then adapts them to the engine. */
export async function statementsOf(db: Knex, work: () => Promise<unknown>): Promise<Asked[]> {
  const client = db.client as Knex.Client;
  const ask = client.query.bind(client) as Knex.Client["query"];
  const asked: Asked[] = [];
  const seen = vi.spyOn(client, "query").mockImplementation((connection, statement) => {
    const { sql, bindings } = statement as { sql: string; bindings: Knex.RawBinding[] };
    asked.push([sql, [...bindings]]);
    return ask(connection, statement) as Promise<unknown>;
  });
  await work();
  seen.mockRestore();
  return asked;
}

/** SQLite's plan for a statement, a line per step. */
export async function sqlitePlan(db: Knex, [sql, values]: Asked): Promise<string[]> {
  const steps = (await db.raw(`explain query plan ${sql}`, values)) as { detail: string }[];
  return steps.map(({ detail }) => detail);
}

/**
 * The tables that PostgreSQL reads from end to end for a statement, and the most rows that any step
 * reads.
 */
export async function postgresPlan(
  db: Knex,
  [sql, values]: Asked,
): Promise<{ scanned: string[]; mostRead: number }> {
  const { rows } = await db.raw<{ rows: [{ "QUERY PLAN": [{ Plan: Plan }] }] }>(
    `explain (analyze, format json) ${sql}`,
    values,
  );
  const nodes = all(rows[0]["QUERY PLAN"][0].Plan);
  return {
    scanned: nodes.flatMap((node) =>
      node["Node Type"] === "Seq Scan" ? [node["Relation Name"] ?? ""] : [],
    ),
    mostRead: Math.max(...nodes.map(rowsRead)),
  };
}

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Plan[];
}

const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];

const rowsRead = (plan: Plan) =>
  plan["Actual Loops"] *
  (plan["Actual Rows"] +
    (plan["Rows Removed by Filter"] ?? 0) +
    (plan["Rows Removed by Index Recheck"] ?? 0));

import type { Knex } from "knex";

/** Frequent statements, without the cost of Knex. */

/** SQL with `?` for each value, in words that both engines take. One name stands for one text. */
export interface Statement {
  name: string;
  sql: string;
}

/**
 * Runs a frequent statement and returns its rows, if any. PostgreSQL parses it once
 * for each connection, and Knex builds no SQL for it.
 * The columns are listed in it, never `*`: what a migration adds must not change what it returns.
 */
export async function query<Row>(
  db: Knex,
  { name, sql }: Statement,
  values: readonly Knex.RawBinding[] = [],
): Promise<Row[]> {
  const ask = async (asked: Asked) =>
    rowsOf<Row>(await (db.isTransaction ? asRaw(db, asked) : askedOnce(db, asked)));
  if (!db.userParams["prepares"]) return ask({ sql, bindings: values });
  try {
    // In pg's own words, so that Knex need not go through the text each time.
    return await ask({ sql: inPgsWords(sql), bindings: [], options: { name, values } });
  } catch (error) {
    // It was refused before it did anything, but it has ended any transaction.
    if (db.isTransaction || !isStalePreparation(error)) throw error;
    return ask({ sql, bindings: values });
  }
}

/** A statement as Knex's clients take it; `options` go to pg. */
interface Asked {
  sql: string;
  bindings: readonly Knex.RawBinding[];
  options?: { name: string; values: readonly Knex.RawBinding[] };
}

const asRaw = (db: Knex, { sql, bindings, options }: Asked): PromiseLike<unknown> =>
  db.raw(sql, bindings).options(options ?? {});

/** As `db.raw` does it, without its builder and its runner, which cost a tenth to a fifth of a request. */
async function askedOnce(db: Knex, asked: Asked): Promise<unknown> {
  const client = db.client as Knex.Client;
  const connection: unknown = await client.acquireConnection();
  try {
    const { response } = (await client.query(connection, asked)) as { response: unknown };
    return response;
  } finally {
    void client.releaseConnection(connection);
  }
}

function rowsOf<Row>(answer: unknown): Row[] {
  return (Array.isArray(answer) ? answer : (answer as { rows: unknown }).rows) as Row[];
}

const positioned = new Map<string, string>();

/** `$1`, `$2` … in place of each `?`. */
function inPgsWords(sql: string): string {
  let text = positioned.get(sql);
  if (text === undefined) {
    let at = 0;
    text = sql.replaceAll("?", () => `$${++at}`);
    positioned.set(sql, text);
  }
  return text;
}

/**
 * A prepared statement is no longer usable on its connection: a column's type has changed ("cached plan must not change
 * result type"), or somebody in between has changed servers.
 * Source: PostgreSQL "Appendix A. Error Codes": feature_not_supported, invalid_sql_statement_name,
 * duplicate_prepared_statement.
 */
export function isStalePreparation(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "0A000" || code === "26000" || code === "42P05";
}

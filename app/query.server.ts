import type { Knex } from "knex";

/** Frequent statements, without the cost of Knex. */

/** SQL with `?` for each value. Each name belongs to one text. */
export interface Statement {
  name: string;
  sql: string;
}

/**
 * Runs a frequent statement and returns its rows, if any. PostgreSQL parses it once per connection,
 * and Knex builds no SQL for it. It must list its columns, never `*`, so that a column added by a
 * migration does not change its result.
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
    // In pg's own syntax, so that Knex need not rewrite the text each time.
    return await ask({ sql: inPgsWords(sql), bindings: [], options: { name, values } });
  } catch (error) {
    // It was refused before it did anything, but any transaction has been aborted.
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

/**
 * Like `db.raw`, but without its builder and runner, which cost a tenth to a fifth of a request.
 */
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

/** Replaces each `?` by `$1`, `$2` … */
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
 * Whether a prepared statement is no longer usable on its connection: a column's type has changed
 * ("cached plan must not change result type"), or a proxy in between has switched servers. Source:
 * PostgreSQL "Appendix A. Error Codes": feature_not_supported, invalid_sql_statement_name,
 * duplicate_prepared_statement.
 */
export function isStalePreparation(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "0A000" || code === "26000" || code === "42P05";
}

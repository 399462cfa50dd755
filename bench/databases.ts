import { randomBytes } from "node:crypto";
import pg from "pg";
import { sharedPostgres } from "../tests/support/postgres.ts";

// Undone last first. If this process is killed, tests/support/left-behind.ts does it.
const undo: (() => Promise<void> | void)[] = [];

/** Registers a step for when the run is over; last in, first done. */
export function finallyDo(step: () => Promise<void> | void): void {
  undo.push(step);
}

/** Does everything given to {@link finallyDo}. */
export async function finish(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

let server: Promise<string> | undefined;

/** @returns the address of an empty PostgreSQL database, dropped when the run is over */
export async function createDatabase(): Promise<string> {
  server ??= sharedPostgres(process.env["TEST_DATABASE_URL"]).then((shared) => {
    finallyDo(() => shared.stop());
    return shared.url;
  });
  const serverUrl = await server;
  const name = `bench_${randomBytes(6).toString("hex")}`;
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: serverUrl });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await query(`create database ${name}`);
  finallyDo(() => query(`drop database ${name} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

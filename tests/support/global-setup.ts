import { randomBytes } from "node:crypto";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { sharedPostgres } from "./postgres.ts";
import { memoryDirectory, scratchDirectory } from "./scratch.ts";
import { orExit } from "./or-exit.ts";

async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>(
    "select datname from pg_database where starts_with(datname, $1)",
    [prefix],
  );
  for (const { datname } of rows) {
    await client.query(`drop database ${datname} with (force)`);
  }
  await client.end();
}

/** Gives every test of the run one PostgreSQL server and one temporary directory. */
export default async function setUp(project: TestProject) {
  const postgres = await orExit(sharedPostgres(process.env["TEST_DATABASE_URL"]));
  const runId = randomBytes(4).toString("hex");
  const runDirectory = scratchDirectory("test-run-", memoryDirectory());
  project.provide("postgresUrl", postgres.url);
  project.provide("runId", runId);
  project.provide("runDirectory", runDirectory.path);

  return async () => {
    await dropDatabases(postgres.url, `test_${runId}_`);
    await postgres.stop();
    runDirectory.remove();
  };
}

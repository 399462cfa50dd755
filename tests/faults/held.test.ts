import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { usualPatience } from "#app/migrate.server.ts";
import { DatabaseUnusableError, prepareDatabase } from "../../scripts/start/database.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { createTestDatabase, engines, openDatabase, type Engine } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { guardProcess } from "../support/left-behind.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";
import { until } from "../support/load.ts";

/** The old program's tables, with a transaction of that program's that is in the way of a migration. */
async function heldDatabase(engine: Engine) {
  const { url } = await createTestDatabase(engine);
  const db = openDatabase(url);
  await createLegacyTables(db);
  await addLegacyRows(db);
  const holder = await openDatabase(url, { statementTimeout: 0 }).transaction();
  await holder("companies").first("id");
  // PostgreSQL's readers are in nobody's way.
  if (engine === "postgres") await holder("companies").where({ id: 1 }).update({ phone: null });
  return { url, holder };
}

function migrate(url: string, ...args: string[]) {
  const child = spawn(process.execPath, ["scripts/run.js", "migrate", ...args], {
    env: childEnvironment({ DATABASE_URL: url }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const release = guardProcess(child.pid ?? 0);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  cleanUpLater(async () => {
    child.kill("SIGKILL");
    await ended;
    release();
  });
  return { output: () => output, ended };
}

test.each(engines)(
  "migrate says what it is waiting for, and carries on when that ends (%s)",
  async (engine) => {
    const { url, holder } = await heldDatabase(engine);
    const { output, ended } = migrate(url);
    await until("it says whom it waits for", () => /^Waiting for another /m.test(output()));
    await holder.commit();
    expect(await ended).toBe(0);
    expect(output()).toMatch(/^done /m);
  },
);

describe.each(engines)("tables that others hold too long are given up (%s)", (engine) => {
  test("by migrate, which says whom it waited for and who holds them", async () => {
    const { url, holder } = await heldDatabase(engine);
    // A transaction that is open holds up the end of its connections too.
    cleanUpLater(async () => void (await holder.rollback()));
    const { output, ended } = migrate(url, "--wait", "2");
    expect([await ended, output()]).toEqual([1, expect.any(String)]);
    expect(output()).toMatch(/^Waiting for another [^\n]+\n[^\n]+ is held by another [^\n]+\n$/);
  });

  test("by npm start, which says whom it waited for and who holds them", async () => {
    const { url, holder } = await heldDatabase(engine);
    cleanUpLater(async () => void (await holder.rollback()));
    const said: string[] = [];
    const starting = prepareDatabase(url, { demoNumbers: false, patience: 2 }, (line) =>
      said.push(line),
    );
    await expect(starting).rejects.toThrow(DatabaseUnusableError);
    await expect(starting).rejects.toThrow(/^DATABASE_URL: [^\n]+ is held by another [^\n]+$/);
    expect(said).toEqual([expect.stringMatching(/^Waiting for another /)]);
  });
});

test("the docs tell how long both wait if they are not told", () => {
  const operations = readFileSync("docs/operations.md", "utf8");
  expect(operations).toContain(`gives up after ${usualPatience} seconds (`);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { createTestDatabase, engines, openDatabase, type Engine } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { guardProcess } from "../support/left-behind.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";
import { until } from "../support/load.ts";

/** The old program's tables, with one of its transactions in the way of a migration. */
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

async function run(script: "migrate" | "start", url: string) {
  const child = spawn(process.execPath, ["scripts/run.js", script], {
    env: childEnvironment({ DATABASE_URL: url, PORT: String(await freePort()) }),
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
    const { output, ended } = await run("migrate", url);
    await until("it says whom it waits for", () => /^Waiting for another /m.test(output()));
    await holder.commit();
    expect(await ended).toBe(0);
    expect(output()).toMatch(/^done /m);
  },
);

test("migrate and npm start give up after 30 seconds, and say who holds the tables", async () => {
  const runs = engines.flatMap((engine) =>
    (["migrate", "start"] as const).map(async (script) => {
      const { url, holder } = await heldDatabase(engine);
      // An open transaction would also keep its connections from ending.
      cleanUpLater(async () => void (await holder.rollback()));
      const began = performance.now();
      const { output, ended } = await run(script, url);
      expect([await ended, output()]).toEqual([1, expect.any(String)]);
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(output()).toMatch(/^Waiting for another [^\n]+\n[^\n]+ is held by another [^\n]+\n$/);
    }),
  );
  await Promise.all(runs);
});

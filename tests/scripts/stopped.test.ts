import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createTestDatabase, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";
import { until } from "../support/load.ts";

test("Ctrl-C ends a command with exit code 130 and a line on what was not done", async () => {
  const { url } = await createTestDatabase("sqlite");
  const db = openDatabase(url);
  await createLegacyTables(db);
  await addLegacyRows(db);
  const holder = await db.transaction();
  await holder("companies").first("id");
  const child = spawn(process.execPath, ["scripts/run.js", "migrate"], {
    env: childEnvironment({ DATABASE_URL: url }),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const ended = once(child, "close");
  await until("it waits", () => stderr.includes("Waiting"));
  child.kill("SIGINT");
  expect(await ended).toEqual([130, null]);
  expect(stderr).toMatch(/\nStopped before it was done\. Nothing was changed\.\n$/);
  await holder.rollback();
  expect(await db.schema.hasTable("knex_migrations")).toBe(false);
});

import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { exchange } from "../support/load.ts";
import { startServer } from "../support/server.ts";

const answers = async (url: string) =>
  (await exchange(`${url}/healthz`).catch(() => undefined))?.status === 200;

test.each([
  ["start", ["start"]],
  ["run dev", ["run", "dev"]],
])("SIGTERM to npm %s ends the server that it started", async (_name, command) => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const port = await freePort();
  const npm = spawn("npm", command, {
    env: childEnvironment({ DATABASE_URL: databaseUrl, PORT: String(port) }),
    detached: true,
    stdio: "ignore",
  });
  cleanUpLater(async () => {
    try {
      process.kill(-(npm.pid ?? 0), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  });
  const url = `http://localhost:${port}`;
  const poll = { timeout: 30_000, interval: 100 };
  await expect.poll(() => answers(url), poll).toBe(true);
  npm.kill("SIGTERM");
  await expect.poll(() => answers(url), poll).toBe(false);
});

test("a database that a later version has migrated is served by this one", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  await db("knex_migrations").insert({
    name: "29991231000000_of_a_later_version.ts",
    batch: 99,
    migration_time: "2999-12-31 00:00:00",
  });
  await db.destroy();
  const server = await startServer({ databaseUrl });
  expect((await exchange(`${server.url}/readyz`)).status).toBe(200);
});

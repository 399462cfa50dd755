import { spawn } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { Client } from "../support/client.ts";
import { createTestDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { guardProcess } from "../support/left-behind.ts";
import { until } from "../support/load.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startServer } from "../support/server.ts";

test("remix-serve alone migrates, serves the pages and answers the API", async () => {
  const { url: databaseUrl } = await createTestDatabase("sqlite");
  const server = await startServer({ databaseUrl, script: "serve-remix" });
  expect(server.output()).toContain("Migrated ");
  const client = new Client(server.url);
  const page = await client.fetch("/login");
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("</html>");
  const logIn = (headers: Record<string, string>) =>
    client.fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: "email=nobody%40example.com&password=a+wrong+guess",
    });
  const refused = await logIn({});
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("Email or password is incorrect");
  expect((await logIn({ "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
  expect((await client.fetch("/dashboard")).headers.get("Location")).toContain("/login");
  const assign = { phone_number: "+353861234567" };
  expect((await client.post("/api/phone-numbers/assign", assign)).status).toBe(401);
  expect((await client.signUp()).status).toBe(201);
  expect((await client.get("/api/session")).status).toBe(200);
  expect((await client.post("/api/phone-numbers/assign", assign)).status).toBe(400);
});

test("remix-serve listens on the PORT of .env if the environment's is empty", async () => {
  const scratch = scratchDirectory("serve-remix-");
  cleanUpLater(async () => scratch.remove());
  for (const name of ["build", "node_modules"]) {
    symlinkSync(path.resolve(name), path.join(scratch.path, name));
  }
  const port = await freePort();
  writeFileSync(path.join(scratch.path, ".env"), `PORT=${port}\n`);
  const child = spawn(process.execPath, [path.resolve("scripts/run.js"), "serve-remix"], {
    cwd: scratch.path,
    env: childEnvironment({ ENV_FILE: "", PORT: "" }),
    stdio: "ignore",
  });
  const release = guardProcess(child.pid ?? 0);
  cleanUpLater(async () => {
    child.kill("SIGKILL");
    release();
  });
  await until(
    "it answers",
    async () =>
      (await fetch(`http://localhost:${port}/login`).catch(() => undefined))?.status === 200,
    25,
  );
});

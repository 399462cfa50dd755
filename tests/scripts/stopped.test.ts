import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { recordEvent } from "#app/domain/audit.server.ts";
import { exitCodeInShell } from "../support/children.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  engines,
  openDatabase,
  type Engine,
} from "../support/databases.ts";
import { insertCompany } from "../support/companies.ts";
import { childEnvironment } from "../support/environment.ts";
import { doDamage } from "../support/legacy-damage.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";
import { until } from "../support/load.ts";
import { startTwilioApi } from "../support/twilio-api.ts";
import { accountSid } from "../support/twilio-webhooks.ts";

/** Runs a script, presses Ctrl-C once it `waits`, checks its exit code and returns what it says. */
async function stop(
  command: string[],
  env: Record<string, string>,
  waits: (output: string, pid: number) => boolean | Promise<boolean>,
  { inGroup = false } = {},
): Promise<string> {
  const child = spawn(process.execPath, command, {
    env: childEnvironment(env),
    detached: inGroup,
  });
  let output = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output += text;
    said += text;
  });
  const ended = once(child, "close");
  await until(`${command.join(" ")} waits`, () => waits(output, child.pid ?? 0), 20);
  said = "";
  const pressed = performance.now();
  // As a terminal does, which signals all its programs.
  if (inGroup) process.kill(-(child.pid ?? 0), "SIGINT");
  else child.kill("SIGINT");
  expect([exitCodeInShell(await ended), said]).toEqual([130, expect.any(String)]);
  expect(performance.now() - pressed).toBeLessThan(5_000);
  expect(said).toMatch(/^\nStopped before it [^\n]+\n$/);
  return said.trim();
}

const script = (name: string, ...args: string[]) => ["scripts/run.js", name, ...args];

/** A server that never answers, and whether it has had a request. */
async function silentServer(): Promise<{ url: string; isAsked: () => boolean }> {
  let asked = false;
  const server = createServer(() => (asked = true)).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUpLater(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, isAsked: () => asked };
}

const nothing = "Stopped before it was done. Nothing was changed.";
const twilio = (url: string) => ({
  TWILIO_ACCOUNT_SID: accountSid,
  TWILIO_AUTH_TOKEN: "a-token-for-tests",
  TWILIO_API_BASE_URL: url,
});

/** A legacy database in which another program has an open transaction. */
async function heldLegacy(engine: Engine) {
  const { url } = await createTestDatabase(engine);
  const db = openDatabase(url);
  await createLegacyTables(db);
  await addLegacyRows(db);
  const holder = await db.transaction();
  await (engine === "sqlite"
    ? holder("companies").first("id")
    : holder.raw("lock table companies in access exclusive mode"));
  cleanUpLater(async () => void (await holder.rollback()));
  return { url, db, holder };
}

describe.each(engines)(
  "Ctrl-C ends with exit code 130 and a line on what was not done (%s)",
  (engine) => {
    test.each(["migrate", "start"])("%s, while it waits for the tables", async (name) => {
      const { url, db, holder } = await heldLegacy(engine);
      const said = await stop(script(name), { DATABASE_URL: url, PORT: "0" }, (text) =>
        text.includes("Waiting"),
      );
      expect(said).toBe(
        name === "migrate"
          ? nothing
          : "Stopped before it served. A migration that was not done has changed nothing.",
      );
      await holder.rollback();
      expect(await db.schema.hasTable("knex_migrations")).toBe(false);
    });

    test("doctor, before and after a repair", async () => {
      const { url } = await createTestDatabase(engine);
      const db = openDatabase(url);
      await createLegacyTables(db);
      await addLegacyRows(db);
      const server = await silentServer();
      const env = {
        DATABASE_URL: url,
        PUBLIC_URL: "https://numbers.example.com",
        ...twilio(server.url),
      };
      expect(await stop(script("doctor"), env, server.isAsked)).toBe(nothing);
      await doDamage(db, {
        sql: ["update twilio_phone_numbers set assigned_at = null where id = 2"],
      });
      const second = await silentServer();
      expect(
        await stop(script("doctor", "--repair"), { ...env, ...twilio(second.url) }, second.isAsked),
      ).toBe("Stopped before it was done. 1 finding was mended; the rest was not looked at.");
    });
  },
);

/** Whether anybody is waiting for a lock in this PostgreSQL database. */
const somebodyWaits = (db: ReturnType<typeof openDatabase>) => async () => {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows.length > 0;
};

test.each([["add-phone-numbers", "+353861239991"], ["test-phone-assignment"]])(
  "Ctrl-C ends %s, while it waits for the pool, and nothing was changed",
  async (name, ...args) => {
    const { url } = await createMigratedDatabase("postgres");
    const db = openDatabase(url);
    const holder = await db.transaction();
    await holder.raw("lock table twilio_phone_numbers in access exclusive mode");
    expect(await stop(script(name, ...args), { DATABASE_URL: url }, somebodyWaits(db))).toBe(
      nothing,
    );
    await holder.rollback();
    expect(await db("twilio_phone_numbers")).toEqual([]);
  },
);

const stopsAtLock: [name: string, args: string[], said: string][] = [
  ["companies", [], nothing],
  [
    "companies",
    ["freeze", "1"],
    "Stopped before it was done. It was done or not, nothing by half: “npm run companies -- show” says which.",
  ],
  ["calls", ["erase", "--caller", "+353871112222", "--dry-run"], nothing],
  [
    "calls",
    ["erase", "--caller", "+353871112222"],
    "Stopped before it was done. What is erased stays erased; run it again to erase the rest.",
  ],
  ["export", [], "Stopped before it was done. The file is not whole; nothing else was changed."],
];

test.each(stopsAtLock)(
  "Ctrl-C ends %s %j, while it waits for the tables (postgres)",
  async (name, args, says) => {
    const { url } = await createMigratedDatabase("postgres");
    const db = openDatabase(url);
    await insertCompany(db);
    const holder = await db.transaction();
    await holder.raw("lock table companies, twilio_phone_numbers, calls in access exclusive mode");
    expect(await stop(script(name, ...args), { DATABASE_URL: url }, somebodyWaits(db))).toBe(says);
    await holder.rollback();
    expect(await db("closed_companies")).toEqual([]);
  },
);

/** Whether a thread of a process sleeps, as SQLite does while another process has the write lock. */
const sleeps = (_output: string, pid: number) =>
  readdirSync(`/proc/${pid}/task`).some((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/wchan`, "utf8").includes("nanosleep"),
  );

if (process.platform === "linux") {
  test.each([
    ["companies", "freeze", "1"],
    ["calls", "erase", "--caller", "+353871112222"],
    ["add-phone-numbers", "+353861239991"],
    ["test-phone-assignment"],
  ])(
    "Ctrl-C ends %s at once, while another process has SQLite's lock, and nothing was changed",
    async (name, ...args) => {
      const { url } = await createMigratedDatabase("sqlite");
      const db = openDatabase(url);
      await insertCompany(db);
      const holder = await db.transaction();
      await holder("companies").update({ owner_name: "Somebody" });
      expect(await stop(script(name, ...args), { DATABASE_URL: url }, sleeps)).toMatch(/\.$/);
      await holder.rollback();
      expect(await db("closed_companies")).toEqual([]);
      expect(await db("twilio_phone_numbers")).toEqual([]);
    },
  );
}

test.each(engines)(
  "Ctrl-C ends work and audit --follow, which wait for more (%s)",
  async (engine) => {
    const { url } = await createMigratedDatabase(engine);
    const env = { DATABASE_URL: url };
    expect(await stop(script("work"), env, (text) => text.includes("until Ctrl-C"))).toBe(
      "Stopped before it was done. What was not finished is done by whoever works next.",
    );
    await recordEvent(openDatabase(url), { event: "signed-in", actor: "company", companyId: 1 });
    const isFollowing = (text: string) => text.includes("signed-in");
    expect(await stop(script("audit", "--follow"), env, isFollowing)).toBe(nothing);
  },
);

test("Ctrl-C ends sync-twilio-numbers, which says what it may have done by then", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const env = { DATABASE_URL: url, PUBLIC_URL: "https://numbers.example.com" };
  const server = await silentServer();
  const sync = script("sync-twilio-numbers");
  expect(await stop(sync, { ...env, ...twilio(server.url) }, server.isAsked)).toBe(nothing);

  const api = await startTwilioApi();
  api.buy("+353861234567");
  api.fail({ status: 500, after: 60_000, for: ({ method }) => method === "POST" });
  expect(await stop(sync, { ...env, ...api.environment }, () => api.updates().length > 0)).toBe(
    "Stopped before it was done. Some numbers may have been added and pointed, the others were not touched; run it again for the rest.",
  );
});

test("Ctrl-C ends simulate-call, which says which steps are in the log", async () => {
  const server = await silentServer();
  const call = script("simulate-call", "+353861234567", "--url", server.url);
  expect(await stop(call, { TWILIO_AUTH_TOKEN: "a-token-for-tests" }, server.isAsked)).toBe(
    "Stopped before it was done. The steps that were printed are in the call log, and the next may be; the rest was not sent.",
  );
});

/** Whether a process has started another, recognised by part of its command line. */
const hasBegun = (part: string) => (_output: string, pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .some((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes(part));

if (process.platform === "linux") {
  test.each([
    ["bench/run.ts", "rmSync"],
    ["tests/faults/run.ts", "vitest"],
  ])("Ctrl-C ends %s, with a line", async (file, begun) => {
    const said = await stop(["--import", "tsx", file], {}, hasBegun(begun), { inGroup: true });
    expect(said).toMatch(/^Stopped before it was done\. No/);
  });
}

test("Ctrl-C ends npm run dev and remix-serve, before they serve", async () => {
  for (const command of [["--import", "tsx", "scripts/dev.ts"], script("serve-remix")]) {
    const { url, holder } = await heldLegacy("sqlite");
    const env = { DATABASE_URL: url, PORT: "0" };
    const isWaiting = (text: string) => text.includes("Waiting");
    expect(await stop(command, env, isWaiting)).toMatch(/^Stopped before it (served|began)\. /);
    await holder.rollback();
  }
});

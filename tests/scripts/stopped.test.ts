import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
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
import { scratchDirectory } from "../support/scratch.ts";
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

/**
 * A migrated database that nobody can read or write, and how to see that a process is waiting for
 * it.
 */
async function heldDatabase(engine: Engine) {
  const { url } = await createMigratedDatabase(engine);
  const holder = openDatabase(url, { poolMax: 1 });
  await insertCompany(holder);
  if (engine === "sqlite") {
    await holder.raw("pragma locking_mode = exclusive");
    await holder.raw("begin exclusive");
    return { url, release: () => holder.destroy(), isWaiting: sleeps };
  }
  const transaction = await holder.transaction();
  const release = async () => void (await transaction.rollback());
  cleanUpLater(release);
  await transaction.raw(`do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = current_schema() loop
      execute format('lock table %I in access exclusive mode', name);
    end loop; end $$`);
  // Within a transaction, activity stays as it was at the first look.
  const watcher = openDatabase(url, { poolMax: 1 });
  const isWaiting = async () => {
    const { rows } = await watcher.raw<{ rows: unknown[] }>(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length > 0;
  };
  return { url, release, isWaiting };
}

/** Whether a thread of a process sleeps, as SQLite does while another process has the file. */
const sleeps = (_output: string, pid: number) =>
  readdirSync(`/proc/${pid}/task`).some((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/wchan`, "utf8").includes("nanosleep"),
  );

const numbers = (...args: string[]): [string, ...string[]] => ["add-phone-numbers", ...args];

const scratch = scratchDirectory("stopped-");
cleanUpLater(async () => scratch.remove());
const oneNumber = path.join(scratch.path, "numbers.txt");
writeFileSync(oneNumber, "+353861239991\n");

const stopsWhileItWaits: [command: [string, ...string[]], said: string][] = [
  [["companies"], nothing],
  [
    ["companies", "freeze", "1"],
    "Stopped before it was done. It was done or not, nothing by half: “npm run companies -- show” says which.",
  ],
  [
    ["companies", "erase", "1", "--yes"],
    "Stopped before it was done. Its people are erased or not: “npm run companies -- show” says which; run it again for calls that are left.",
  ],
  [["calls", "unmatched"], nothing],
  [["calls", "erase", "--caller", "+353871112222", "--dry-run"], nothing],
  [
    ["calls", "erase", "--caller", "+353871112222"],
    "Stopped before it was done. What is erased stays erased; run it again to erase the rest.",
  ],
  [["export"], "Stopped before it was done. The file is not whole; nothing else was changed."],
  [["audit"], nothing],
  [numbers(), nothing],
  [numbers("--list"), nothing],
  [numbers("+353861239991"), nothing],
  [numbers("+353861239991", "--dry-run"), nothing],
  [numbers("--from-file", oneNumber), nothing],
  [numbers("--open-for", "60"), nothing],
  [["test-phone-assignment"], nothing],
  [
    ["work", "--once"],
    "Stopped before it was done. What was not finished is done by whoever works next.",
  ],
];

// Only Linux shows whether SQLite is waiting.
describe.each(engines.filter((one) => one === "postgres" || process.platform === "linux"))(
  "Ctrl-C ends a command at once, while others have all it needs, and nothing was changed (%s)",
  (engine) => {
    test.each(stopsWhileItWaits)("%j", async ([name, ...args], says) => {
      const { url, release, isWaiting } = await heldDatabase(engine);
      const said = await stop(script(name, ...args), { DATABASE_URL: url }, isWaiting);
      expect(said).toBe(says);
      await release();
      const db = openDatabase(url);
      for (const table of ["closed_companies", "twilio_phone_numbers", "audit_events"]) {
        expect(await db(table), table).toEqual([]);
      }
    });
  },
);

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

test.each(engines)(
  "Ctrl-C ends sync-twilio-numbers, which says what it may have done by then (%s)",
  async (engine) => {
    const { url } = await createMigratedDatabase(engine);
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
  },
);

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

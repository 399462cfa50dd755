import http from "node:http";
import net from "node:net";
import path from "node:path";
import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  tryToAssign,
  until,
  type Try,
} from "../support/load.ts";
import { logLines, workerPid } from "../support/processes.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startServer, type AppServer } from "../support/server.ts";
import { IncomingCall, signedRequest, twilioVariables } from "../support/twilio-webhooks.ts";
import { expectHeld } from "./checker.ts";

/**
 * What happens to requests around our code: to their clients, their connections, the process that
 * handles them.
 */

/** Sends a request, or the first `share` of it, and disconnects `after` so many milliseconds. */
async function sendAndGo(url: string, text: string, share: number, after: number): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text.slice(0, Math.ceil(text.length * share)));
  await setTimeout(after);
  socket.resetAndDestroy();
}

test("clients that go away in the middle of any route leave nothing half done, and no fault in the log", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const db = openDatabase(databaseUrl);
  const numbers = await fillPool(db, 60);
  const companies = await signedInCompanies(db, 40);
  const server = await startServer({ databaseUrl, env: twilioVariables });
  const { host } = new URL(server.url);
  const request = (
    method: string,
    path: string,
    cookie: string,
    body = "",
    type = "application/x-www-form-urlencoded",
    more = "",
  ) =>
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n${more}` +
    (body ? `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}` : "\r\n");
  const fields = new IncomingCall("+353869999999").fields("ringing");
  const signature = signedRequest("/twilio/voice", fields, {
    address: `${server.url}/twilio/voice`,
  }).headers.get("X-Twilio-Signature");
  const signUp = (n: number) =>
    new URLSearchParams({
      company_name: "Acme",
      owner_name: "Ann",
      email: `gone${n}@example.com`,
      password: "a long quiet evening",
    }).toString();
  const routes = (n: number): string[] => {
    const { cookie } = companies[n % companies.length]!;
    const number = numbers[n % numbers.length]!;
    const gets = [
      "/",
      "/login",
      "/signup",
      "/dashboard",
      "/dashboard/choose-number",
      "/calls",
      "/calls.csv",
      "/settings",
      "/settings/phone",
      "/settings/phone/choose",
      "/settings/calls",
      "/settings/security",
      "/dashboard/ring-test",
      "/readyz",
      "/api/session",
      "/api/phone-numbers/available",
      "/api/phone-numbers/current",
      "/dashboard.data",
      "/calls.data",
    ].map((path) => request("GET", path, cookie));
    const json = "application/json";
    return [
      ...gets,
      request("POST", "/api/phone-numbers/assign", cookie, `{"phone_number":"${number}"}`, json),
      request(
        "POST",
        "/dashboard/choose-number",
        cookie,
        `phone_number=${encodeURIComponent(number)}`,
      ),
      request("POST", "/signup", "", signUp(n)),
      request("POST", "/login", "", "email=gone%40example.com&password=12345678"),
      request("POST", "/settings/calls", cookie, "mode=phone&greeting=Hello"),
      request("POST", "/settings/security", cookie, "password=12345678"),
      request(
        "POST",
        "/twilio/voice",
        "",
        new URLSearchParams(fields).toString(),
        "application/x-www-form-urlencoded",
        `X-Twilio-Signature: ${signature}\r\n`,
      ),
    ];
  };
  const gone = Array.from({ length: 8 }, (_, n) => routes(n)).flatMap((texts, n) =>
    texts.map((text) => ({ text, share: n % 4 === 3 ? 0.7 : 1, after: [0, 3, 10, 30][n % 4]! })),
  );
  await inParallel(gone, 12, ({ text, share, after }) => sendAndGo(server.url, text, share, after));
  await until("nothing is in flight", async () => {
    const [row] = (
      await db.raw<{ rows: { busy: number }[] }>(
        "select count(*)::int as busy from pg_stat_activity where application_name = 'company-phone-numbers' and datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()",
      )
    ).rows;
    return row?.busy === 0;
  });
  const faults = logLines(server).filter(({ level }) => level === "error" || level === "fatal");
  expect(faults).toEqual([]);
  await expectHeld(db, []);
  // Companies that were cut off ask again.
  const again = await inParallel(companies.slice(0, 8), 8, (company, index) =>
    tryToAssign(server.url, company, numbers[index]!),
  );
  expect(new Set(again.map(({ told }) => told))).toEqual(new Set(["ok"]));
  await expectHeld(db, again);
  expect(await server.stop()).toBe(0);
});

test("when a worker dies with connections that are kept alive, each request ends at once", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const server = await startServer({ databaseUrl, env: { WEB_CONCURRENCY: "2" } });
  const agents = Array.from(
    { length: 20 },
    () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
  );
  const ask = async (agent: http.Agent) => {
    const askedAt = performance.now();
    const what = await exchange(`${server.url}/readyz`, { agent }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    return { what, took: performance.now() - askedAt };
  };
  await Promise.all(agents.map(ask));
  process.kill(await workerPid(server), "SIGKILL");
  for (let round = 1; round <= 3; round++) {
    const answers = await Promise.all(agents.map(ask));
    for (const { what, took } of answers) {
      expect([200, "ECONNRESET"]).toContain(what);
      expect(took).toBeLessThan(3_000);
    }
    if (round > 1) expect(new Set(answers.map(({ what }) => what))).toEqual(new Set([200]));
  }
  for (const agent of agents) agent.destroy();
});

test("while the only worker restarts, connections are refused for at most 1.5 seconds", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const server = await startServer({ databaseUrl });
  const refused: number[] = [];
  for (let round = 1; round <= 3; round++) {
    process.kill(await workerPid(server), "SIGKILL");
    const killedAt = performance.now();
    let seen = false;
    await until("it serves again", async () => {
      const answer = await exchange(`${server.url}/healthz`, { timeout: 3_000 }).catch(
        () => undefined,
      );
      seen ||= answer === undefined;
      return seen && answer?.status === 200;
    });
    refused.push(performance.now() - killedAt);
  }
  process.stdout.write(
    `the only worker was away for ${refused.map((ms) => Math.round(ms)).join(", ")} ms\n`,
  );
  // The best of three is the program's own time; the others include other work on the machine.
  expect(Math.min(...refused)).toBeLessThan(1_500);
});

/** An installation of this program, without its sources, with one migration more. */
function laterVersion(): string {
  const scratch = scratchDirectory("later-version-");
  cleanUpLater(async () => scratch.remove());
  for (const name of ["build", "package.json", "scripts"]) {
    cpSync(name, path.join(scratch.path, name), { recursive: true });
  }
  symlinkSync(path.resolve("node_modules"), path.join(scratch.path, "node_modules"));
  writeFileSync(
    path.join(scratch.path, "build/migrations/29991231235959_one_more.js"),
    `export async function up(db) {
       await db.schema.alterTable("companies", (table) => table.text("one_more"));
       await db.schema.createTable("one_more", (table) => {
         table.bigInteger("company_id").references("companies.id");
         table.bigInteger("number_id").references("twilio_phone_numbers.id");
       });
     }
     export async function down() {}`,
  );
  return scratch.path;
}

test("a deploy of two servers, which migrates, under load fails no request", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const db = openDatabase(databaseUrl);
  const count = 600;
  const numbers = await fillPool(db, count);
  const companies = await signedInCompanies(db, count);
  // As with a load balancer: a server gets requests once it is ready, and is taken out before it
  // stops.
  const inUse: AppServer[] = [
    await startServer({ databaseUrl }),
    await startServer({ databaseUrl }),
  ];
  let over = false;
  let next = 0;
  const tries: Try[] = [];
  const load = inParallel([1, 2, 3, 4, 5, 6], 6, async () => {
    const agent = new Map<string, http.Agent>();
    while (!over && next < count) {
      const index = next++;
      const { url } = inUse[index % inUse.length]!;
      if (!agent.has(url)) agent.set(url, new http.Agent({ keepAlive: true, maxSockets: 1 }));
      tries.push(await tryToAssign(url, companies[index]!, numbers[index]!, agent.get(url)));
      await setTimeout(30);
    }
    for (const each of agent.values()) each.destroy();
  });
  const cwd = laterVersion();
  for (let which = 0; which < 2; which++) {
    // The new version migrates, and gets requests once it is ready; the old one is told to stop
    // under load.
    const fresh = await startServer({ databaseUrl, cwd });
    await until(
      "the new one is ready",
      async () => (await exchange(`${fresh.url}/readyz`)).status === 200,
    );
    const old = inUse[which]!;
    inUse[which] = fresh;
    expect(await old.stop()).toBe(0);
  }
  over = true;
  await load;
  expect(await db.schema.hasColumn("companies", "one_more")).toBe(true);
  expect(tries.length).toBeGreaterThan(50);
  expect(tries.filter(({ told }) => told !== "ok")).toEqual([]);
  await expectHeld(db, tries);
});

import type { Knex } from "knex";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { saveCallHandling } from "#app/domain/call-handling.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { SimulatedCall, type Scenario } from "../../scripts/terminal/simulated-call.ts";
import { recentCalls } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { runScript } from "../support/script.ts";
import { startServer, type AppServer } from "../support/server.ts";

const token = "only-the-tests-know-this-token";
const publicUrl = "https://numbers.example.com";

let db: Knex;
let databaseUrl: string;
let server: AppServer;
let env: Record<string, string>;
let company: number;
let number: string;
let unowned: string;
let serial = 0;

beforeAll(async () => {
  ({ url: databaseUrl } = await createMigratedDatabase("sqlite"));
  db = openDatabase(databaseUrl);
  env = { TWILIO_AUTH_TOKEN: token, PUBLIC_URL: publicUrl };
  server = await startServer({ databaseUrl, env });
});

beforeEach(async () => {
  const numbers = await fillPool(db, (serial += 2));
  [number, unowned] = numbers.slice(-2) as [string, string];
  company = await insertCompany(db, { phone: "+353863334444" });
  await assignPhoneNumber(db, company, number);
});

const call = (...args: string[]) =>
  runScript("simulate-call", ["--url", server.url, ...args], { env });

test("a number alone shows the TwiML and what it means, and the call is in the log", async () => {
  const { stdout, exitCode } = await call(number, "--from", "+353871112222");
  expect(exitCode).toBe(0);
  expect(stdout).toContain(
    '  <Say language="en-IE" voice="Polly.Niamh-Neural">Thank you for calling Acme.</Say>\n',
  );
  expect(stdout).toContain(
    "The caller hears “Thank you for calling Acme.”, then is connected to +353 86 333 4444, which rings for 20 seconds at most.",
  );
  expect(await recentCalls(db, company, 10)).toMatchObject([
    { from: "+353871112222", to: number, outcome: "missed" },
  ]);
});

describe("a scenario walks the whole call", () => {
  const walk = (scenario: Scenario) =>
    new SimulatedCall(
      {
        to: number,
        from: "anonymous",
        scenario,
        url: server.url,
        publicUrls: [server.url, publicUrl],
        authToken: token,
        accountSid: `AC${"0".repeat(32)}`,
      },
      () => {},
    ).walk();

  test.each([
    ["answered", "answered"],
    ["no-answer", "missed"],
    ["busy", "busy"],
    ["failed", "failed"],
    ["message", "message"],
    ["hangup", "missed"],
  ] as const)("%s ends as %s", async (scenario, outcome) => {
    await walk(scenario);
    expect(await recentCalls(db, company, 10)).toMatchObject([{ outcome }]);
  });

  test.each([
    ["answered", "answered"],
    ["busy", "failed"],
    ["message", "message"],
    ["hangup", "answered"],
  ] as const)("to a voice agent, %s ends as %s", async (scenario, outcome) => {
    await saveCallHandling(db, company, {
      greeting: "",
      mode: "stream",
      target: "wss://agent.example.com/",
      ringSeconds: 20,
      takeMessage: true,
    });
    await walk(scenario);
    expect(await recentCalls(db, company, 10)).toMatchObject([{ outcome }]);
  });

  test("one that cannot be played out says why and fails", async () => {
    const { exitCode, stderr } = await call(unowned, "--scenario", "busy");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("The scenario “busy” cannot be walked: this call rings nobody.");
  });
});

test("a call that would ring nobody is reported before it is logged, with the setting to change", async () => {
  const own = { ...env, PUBLIC_URL: server.url, DATABASE_URL: databaseUrl };
  const ring = (to: string) =>
    runScript("simulate-call", [to, "--scenario", "answered"], { env: own });
  await saveCallHandling(db, company, {
    greeting: "",
    mode: "message",
    target: null,
    ringSeconds: 20,
    takeMessage: true,
  });
  const { exitCode, stdout, stderr } = await ring(number);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("set Settings → Call handling to “Ring a phone” first");
  expect((await ring(unowned)).stderr).toContain("is no company's number");
  expect(await db("calls").whereIn("to_number", [number, unowned])).toEqual([]);
});

test("a number that is nobody's", async () => {
  const { exitCode, stdout, stderr } = await call(unowned);
  expect(stderr).toContain("no company has this number, so no dashboard shows the call");
  expect(exitCode).toBe(0);
  expect(stdout).toContain("The caller hears “This number is not in service.”, and the call ends.");
});

test("a call from a number of the pool is refused, and the company's log says why", async () => {
  const { exitCode, stdout } = await call(number, "--from", unowned);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("The call is refused.");
  expect(await recentCalls(db, company, 10)).toMatchObject([
    { from: unowned, reason: "A call that was passed on came back, and was ended." },
  ]);
});

test("as JSON it is one document", async () => {
  const { stdout } = await call(number, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    call_sid: expect.stringMatching(/^CA[0-9a-f]{32}$/) as string,
    to: number,
    scenario: "hangup",
    steps: [
      { path: "/twilio/voice", status: 200 },
      { path: "/twilio/voice/dial-result", meaning: "The call ends." },
      { path: "/twilio/voice/status", fields: { CallStatus: "completed" } },
    ],
  });
});

describe("what goes wrong is one line, and an exit code", () => {
  test.each([
    ["no number", [], 2, "Say which number to call"],
    ["no such number", ["086 123"], 2, "needs its country code"],
    ["no such scenario", ["+353861234567", "--scenario", "no"], 2, "choose from"],
    ["no such option", ["+353861234567", "--form", "x"], 2, "--from"],
    ["no address", ["+353861234567", "--url", "localhost"], 2, "--url must be"],
  ])("%s", async (_name, args, code, line) => {
    const { exitCode, stderr, stdout } = await runScript("simulate-call", args, { env });
    expect([exitCode, stdout]).toEqual([code, ""]);
    expect(stderr).toContain(line);
    expect(stderr.trim()).not.toContain("\n");
  });

  test("no token: how to set one for a try", async () => {
    const run = await runScript("simulate-call", ["+353861234567"], {});
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("put TWILIO_AUTH_TOKEN=any-text into .env");
  });

  test("a token other than the server's: it is refused, with the reason", async () => {
    const run = await runScript("simulate-call", [number, "--url", server.url], {
      env: { ...env, TWILIO_AUTH_TOKEN: "another" },
    });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("need the same TWILIO_AUTH_TOKEN");
  });

  test("no server", async () => {
    const url = `http://localhost:${await freePort()}`;
    const { exitCode, stderr } = await call(number, "--url", url);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("npm start");
  });
});

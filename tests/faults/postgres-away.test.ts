import { beforeAll, expect, test } from "vitest";
import type { Knex } from "knex";
import { createDatabase } from "#app/db.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { someNumbers } from "../support/companies.ts";
import { openDatabase } from "../support/databases.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  tryToAssign,
  until,
  type Exchange,
  type SignedInCompany,
} from "../support/load.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import { logLines } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";
import {
  IncomingCall,
  sendSigned,
  twilioVariables,
  verbsFrom,
} from "../support/twilio-webhooks.ts";
import { expectHeld } from "./checker.ts";

let postgres: PostgresServer;
let server: AppServer;
let db: Knex;
let numbersMade = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  const migrating = createDatabase(postgres.url, { statementTimeout: 0 });
  await migrateToLatest(migrating);
  await migrating.destroy();
  db = openDatabase(postgres.url);
  server = await startServer({
    databaseUrl: postgres.url,
    env: { DATABASE_POOL_MAX: "5", ...twilioVariables },
  });
});

async function morePool(count: number): Promise<string[]> {
  const numbers = someNumbers(count, numbersMade);
  numbersMade += count;
  await addToPool(db, numbers);
  return numbers;
}

function current({ cookie }: SignedInCompany): Promise<Exchange> {
  return exchange(`${server.url}/api/phone-numbers/current`, {
    headers: { Cookie: cookie },
  });
}

async function isReady(): Promise<boolean> {
  return (await exchange(`${server.url}/readyz`)).status === 200;
}

async function timed(work: () => Promise<Exchange>): Promise<Exchange & { took: number }> {
  const startedAt = performance.now();
  return { ...(await work()), took: performance.now() - startedAt };
}

test("fault 6: PostgreSQL crashes and comes back under load: what was confirmed is there, and a retry gets the same number", async () => {
  const numbers = await morePool(400);
  const companies = await signedInCompanies(db, 400);
  let answered = 0;
  let cutOff = 0;
  let back: Promise<void> | undefined;
  const tries = await inParallel(companies, 16, async (company, index) => {
    const result = await tryToAssign(server.url, company, numbers[index]!);
    answered++;
    if (answered === 100) {
      back = postgres.crash().then(async () => {
        await until("some are cut off, or refused", () => cutOff >= 10);
        await postgres.start();
      });
    }
    // So that some tries are left for afterwards.
    if (result.told === "unknown" && ++cutOff >= 10) await back;
    return result;
  });
  await back;
  await until("it is ready again", isReady);
  const told = (what: string) => tries.filter((each) => each.told === what);
  expect(told("ok").length).toBeGreaterThan(99);
  expect(told("unknown").length).toBeGreaterThan(0);
  expect(told("failed")).toEqual([]);
  for (const { status } of told("unknown")) expect(status).toBe(503);
  await until("this process has its connections back", async () =>
    db.raw("select 1").then(
      () => true,
      () => false,
    ),
  );
  await expectHeld(db, tries);

  const again = await inParallel(tries, 8, ({ company, phoneNumber }) =>
    tryToAssign(server.url, company, phoneNumber),
  );
  expect(new Set(again.map((each) => each.told))).toEqual(new Set(["ok"]));
  await expectHeld(db, [...tries, ...again]);
});

test("fault 7: a PostgreSQL that is frozen answers 503 within 3 seconds, readiness says so, and all is well when it goes on", async () => {
  const companies = await signedInCompanies(db, 20);
  expect((await current(companies[0]!)).status).toBe(200);
  await postgres.freeze();
  // More than there are connections: some have a hanging one, some wait for one, some would need a
  // new one.
  const answers = await inParallel(companies, 20, (company) => timed(() => current(company)));
  for (const { status, headers, took, body } of answers) {
    expect(status).toBe(503);
    expect(headers["retry-after"]).toBe("2");
    expect(took).toBeLessThan(3_000);
    expect(body).not.toMatch(/postgres|knex|timeout|connection/i);
  }
  const ready = await timed(() => exchange(`${server.url}/readyz`));
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body)).toMatchObject({ failed: "database" });
  expect(ready.took).toBeLessThan(2_500);
  expect((await exchange(`${server.url}/healthz`)).status).toBe(200);
  const page = await timed(() =>
    exchange(`${server.url}/dashboard`, {
      headers: { Cookie: companies[0]!.cookie },
    }),
  );
  expect(page.status).toBe(503);
  expect(page.headers["content-type"]).toMatch(/^text\/html/);
  expect(page.took).toBeLessThan(3_000);
  // Calls get an apology at once and, if even that fails, Twilio's fallback address.
  const call = new IncomingCall("+353860000000");
  for (const path of ["/twilio/voice", "/twilio/voice?again=1", "/twilio/voice/fallback"]) {
    const askedAt = performance.now();
    const verbs = await verbsFrom(await sendSigned(server.url, path, call.fields("ringing")));
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    expect([path, verbs.length > 0]).toEqual([path, true]);
  }

  await postgres.thaw();
  await until("it is ready again", isReady, 5);
  const after = await inParallel(companies, 20, current);
  expect(new Set(after.map(({ status }) => status))).toEqual(new Set([200]));
});

test("fault 5: connections that an operator terminates cost nobody more than one 503", async () => {
  const [company] = await signedInCompanies(db, 1);
  await inParallel([1, 2, 3, 4, 5], 5, () => current(company!));
  await db.raw(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'company-phone-numbers' and pid <> pg_backend_pid()",
  );
  const statuses: number[] = [];
  for (let i = 0; i < 10; i++) statuses.push((await current(company!)).status);
  expect(statuses.slice(1)).toEqual(Array(9).fill(200));
  expect([200, 503]).toContain(statuses[0]);
});

test("fault 5: backends that are terminated in a burst of assignments lose none", async () => {
  const numbers = await morePool(120);
  const companies = await signedInCompanies(db, 120);
  let answered = 0;
  const tries = await inParallel(companies, 8, async (company, index) => {
    if (++answered % 30 === 0) {
      await db.raw(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'company-phone-numbers' and pid <> pg_backend_pid()",
      );
    }
    return tryToAssign(server.url, company, numbers[index]!);
  });
  await until("this process has its connections back", async () =>
    db.raw("select 1").then(
      () => true,
      () => false,
    ),
  );
  expect(tries.filter(({ told }) => told === "ok").length).toBeGreaterThan(60);
  await expectHeld(db, tries);
  const again = await inParallel(tries, 8, ({ company, phoneNumber }) =>
    tryToAssign(server.url, company, phoneNumber),
  );
  expect(new Set(again.map(({ told }) => told))).toEqual(new Set(["ok"]));
  await expectHeld(db, [...tries, ...again]);
});

test("fault 8: a pool of connections that is exhausted answers 503 in bounded time, and only while it is", async () => {
  // Far more than there are connections: each statement of each request has to wait for one.
  const companies = await signedInCompanies(db, 60);
  const [number] = await morePool(1);
  // The number's row is locked, so each claim waits until its statement times out.
  const lock = await db.transaction();
  await lock("twilio_phone_numbers").where({ phone_number: number }).forUpdate();
  const tries = await inParallel(companies, 60, (company) =>
    tryToAssign(server.url, company, number!),
  );
  for (const { status, took } of tries) {
    expect(status).toBe(503);
    expect(took).toBeLessThan(3_500);
  }
  const codes = logLines(server).flatMap(({ err }) => (err as { code?: string })?.code ?? []);
  expect(codes).toContain("POOL_TIMEOUT");
  await lock.rollback();
  expect(await tryToAssign(server.url, companies[0]!, number!)).toMatchObject({
    told: "ok",
  });
});

test("a PostgreSQL that is stopped turns readiness off and on again, without a restart of the server", async () => {
  await postgres.stop();
  const down = await timed(() => exchange(`${server.url}/readyz`));
  expect(down.status).toBe(503);
  expect(JSON.parse(down.body)).toMatchObject({ failed: "database" });
  const page = await exchange(`${server.url}/login`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: "email=a%40example.com&password=12345678",
  });
  expect(page.status).toBe(503);
  await postgres.start();
  await until("it is ready again", isReady);
  expect(server.output()).not.toContain('"fatal"');
  const { password } = new URL(postgres.url);
  expect(server.output()).not.toContain(password);
  expect(await server.stop()).toBe(0);
});

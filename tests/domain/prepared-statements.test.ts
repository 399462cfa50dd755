import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { query } from "#app/query.server.ts";
import { countAvailable, listAvailable } from "#app/domain/available-numbers.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { beginSession, findSession } from "#app/domain/sessions.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { from, newCallSid } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startPostgres } from "../support/postgres.ts";

/** What a company with a number, its visitors and its callers ask for. */
async function ordinaryDay(db: Knex) {
  const company = await insertCompany(db, { phone: "+353871112222" });
  const [number] = (await fillPool(db, 30)) as [string];
  await assignPhoneNumber(db, company, number);
  const session = await beginSession(db, company);
  return async () => {
    const found = await findSession(db, session);
    await listAvailable(db, { limit: 10 });
    const page = await listAvailable(db, { limit: 2, search: "86" });
    const cursor = (page.ok && page.nextCursor) || undefined;
    await listAvailable(db, { limit: 5, cursor, country: "IE" });
    await countAvailable(db);
    await surveyOffer(db, {}, "somebody");
    const called = await findCalledCompany(db, number);
    await recordIncomingCall(
      db,
      { callSid: newCallSid(), from, to: number },
      called && { companyId: called.companyId, route: called.handling.mode },
    );
    const overview = await overviewOf(db, company, { calls: 5, days: 14 });
    expect(found?.company.phoneNumber).toBe(number);
    return overview?.recent.length;
  };
}

async function preparedNames(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    "select name from pg_prepared_statements order by name",
  );
  return rows.map(({ name }) => name);
}

describe("statements prepared by name on PostgreSQL", () => {
  let url: string;
  let db: Knex;
  beforeEach(async () => {
    ({ url } = await createMigratedDatabase("postgres"));
    db = openDatabase(url, { poolMax: 1 });
  });

  test("frequent statements are parsed once per connection", async () => {
    const day = await ordinaryDay(db);
    await day();
    const prepared = await preparedNames(db);
    expect(prepared).toContain("open session");
    expect(prepared).toContain("available");
    expect(prepared).toContain("call handling by number");
    expect(prepared).toContain("merge call");
    expect(prepared).toContain("overview, counted days");
    await day();
    expect(await preparedNames(db)).toEqual(prepared);
  });

  test("none are, if a pooler may change servers between two transactions", async () => {
    const pooled = new URL(url);
    pooled.searchParams.set("pgbouncer", "true");
    const behind = openDatabase(pooled.href, { poolMax: 1 });
    const day = await ordinaryDay(behind);
    expect(await day()).toBe(1);
    expect(await preparedNames(behind)).toEqual([]);
  });

  test("the plan that is kept for the list of available numbers uses their index", async () => {
    const day = await ordinaryDay(db);
    await db.raw("set enable_seqscan = off");
    await db.raw("set plan_cache_mode = force_generic_plan");
    await day();
    const { rows } = await db.raw<{ rows: { plan: string }[] }>(
      "explain (costs off) execute available (3)",
    );
    expect(JSON.stringify(rows)).toContain("twilio_phone_numbers_on_offer");
  });

  test("a migration that adds a column disturbs nobody", async () => {
    const day = await ordinaryDay(db);
    // PostgreSQL may keep a plan for good from the sixth execution on.
    for (let time = 1; time <= 6; time++) await day();
    const prepared = await preparedNames(db);
    const migrating = openDatabase(url);
    for (const table of [
      "companies",
      "company_sessions",
      "twilio_phone_numbers",
      "calls",
      "company_call_handling",
    ]) {
      await migrating.raw(`alter table ${table} add column added text`);
    }
    expect(await day()).toBe(5);
    expect(await preparedNames(db)).toEqual(prepared);
  });

  test("a column that changes its type costs nobody an answer, and the connection is replaced", async () => {
    const day = await ordinaryDay(db);
    await day();
    const backend = async () =>
      (await db.raw<{ rows: unknown[] }>("select pg_backend_pid()")).rows[0];
    const before = await backend();
    const migrating = openDatabase(url);
    await migrating.raw("alter table companies alter phone type varchar(300)");
    expect(await day()).toBe(2);
    expect(await backend()).not.toEqual(before);
    expect(await day()).toBe(3);
    expect(await preparedNames(db)).toContain("open session");
  });

  test("nor does a server that has forgotten what was prepared", async () => {
    const day = await ordinaryDay(db);
    await day();
    await db.raw("deallocate all");
    expect(await day()).toBe(2);
    expect(await day()).toBe(3);
    expect(await preparedNames(db)).toContain("open session");
  });

  test("in a transaction, which such a refusal ends, the error is thrown", async () => {
    const day = await ordinaryDay(db);
    await day();
    await openDatabase(url).raw("alter table companies alter phone type varchar(300)");
    const inTransaction = db.transaction((trx) => findSession(trx, "x".repeat(43)));
    await expect(inTransaction).rejects.toMatchObject({ code: "0A000" });
    expect(await day()).toBe(2);
  });

  test("a statement that failed because its table was missing works once it exists", async () => {
    const statement = { name: "later", sql: "select id from later" };
    await expect(query(db, statement)).rejects.toThrow();
    await db.raw("create table later (id integer)");
    await db("later").insert({ id: 7 });
    expect(await query(db, statement)).toEqual([{ id: 7 }]);
    expect(await query(db, statement)).toEqual([{ id: 7 }]);
  });

  test("a transaction prepares on its own connection", async () => {
    const day = await ordinaryDay(db);
    await db.transaction(async (trx) => {
      await findSession(trx, "x".repeat(43));
      await trx.transaction((inner) => findSession(inner, "y".repeat(43)));
      expect(await preparedNames(trx)).toContain("open session");
    });
    await day();
  });
});

test("after PostgreSQL was restarted, statements are prepared anew", async () => {
  const server = await startPostgres();
  const db = openDatabase(server.url, { poolMax: 2 });
  await migrateToLatest(db);
  const day = await ordinaryDay(db);
  await day();
  await server.stop();
  await server.start();
  expect(await day()).toBe(2);
  expect(await preparedNames(db)).toContain("open session");
});

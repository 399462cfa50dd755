import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { createDatabase } from "#app/db.server.ts";
import { assignPhoneNumber, type Assignment } from "#app/domain/phone-numbers.server.ts";
import {
  assignmentsInBothTables,
  fillPool,
  insertCompanies,
  insertCompany,
} from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";

// Long enough for 200 fsyncs in a row on a slow disk.
const patient = { statementTimeout: 20_000 };

const tally = (outcomes: string[]) => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

async function expectTablesAgree(db: Knex, assignments: number) {
  const { pool, companies } = await assignmentsInBothTables(db);
  expect(pool).toEqual(companies);
  expect(pool).toHaveLength(assignments);
  expect(new Set(pool.map(([company]) => company)).size).toBe(assignments);
  expect(new Set(pool.map(([, number]) => number)).size).toBe(assignments);
}

describe.each(engines)("racing on %s", (engine) => {
  async function connections(count: number): Promise<Knex[]> {
    const { url } = await createMigratedDatabase(engine);
    return Array.from({ length: count }, () => openDatabase(url, patient));
  }

  test("200 companies race for 20 numbers from 4 connections: each number once", async () => {
    const databases = await connections(4);
    const [db] = databases as [Knex, ...Knex[]];
    const numbers = await fillPool(db, 20);
    const companies = await insertCompanies(db, 200);
    const results = await Promise.all(
      companies.map((company, i) => assignPhoneNumber(databases[i % 4]!, company, numbers[i % 20])),
    );
    expect(tally(results.map(({ outcome }) => outcome))).toEqual({
      assigned: 20,
      "not-available": 180,
    });
    await expectTablesAgree(db, 20);
  });

  test("200 companies race for the last number: one gets it", async () => {
    const databases = await connections(4);
    const [db] = databases as [Knex, ...Knex[]];
    const [number] = await fillPool(db, 1);
    const companies = await insertCompanies(db, 200);
    const results = await Promise.all(
      companies.map((company, i) =>
        assignPhoneNumber(databases[i % 4]!, company, i % 2 ? number : undefined),
      ),
    );
    expect(tally(results.map(({ outcome }) => outcome))).toEqual({
      assigned: 1,
      "not-available": 199,
    });
    await expectTablesAgree(db, 1);
  });

  test("a company that races itself over 50 numbers gets one, 10 times out of 10", async () => {
    const databases = await connections(4);
    const [db] = databases as [Knex, ...Knex[]];
    const numbers = await fillPool(db, 50);
    for (let race = 1; race <= 10; race++) {
      const company = await insertCompany(db);
      const results = await Promise.all(
        numbers.map((number, i) => assignPhoneNumber(databases[i % 4]!, company, number)),
      );
      const got = results.filter(({ outcome }) => outcome === "assigned");
      expect(got).toHaveLength(1);
      await expectTablesAgree(db, race);
    }
  });

  test("a company that sends one choice 50 times at once gets it once, and is told its number 49 times", async () => {
    const databases = await connections(4);
    const [db] = databases as [Knex, ...Knex[]];
    const [number] = await fillPool(db, 2);
    const company = await insertCompany(db);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => assignPhoneNumber(databases[i % 4]!, company, number)),
    );
    expect(tally(results.map(({ outcome }) => outcome))).toEqual({
      assigned: 1,
      "already-has-number": 49,
    });
    expect(new Set(results.map((result) => "phoneNumber" in result && result.phoneNumber))).toEqual(
      new Set([number]),
    );
    await expectTablesAgree(db, 1);
  });

  test("of 100 companies taking the first available of 60, 60 get different numbers and 40 are told there is none", async () => {
    const databases = await connections(4);
    const [db] = databases as [Knex, ...Knex[]];
    await fillPool(db, 60);
    const companies = await insertCompanies(db, 100);
    const results = await Promise.all(
      companies.map((company, i) => assignPhoneNumber(databases[i % 4]!, company)),
    );
    expect(tally(results.map(({ outcome }) => outcome))).toEqual({
      assigned: 60,
      "not-available": 40,
    });
    await expectTablesAgree(db, 60);
  });

  test("several processes race, by choice and for the first available: no number twice, no company twice", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url, patient);
    const numbers = await fillPool(db, 20);
    const companies = await insertCompanies(db, 40);
    const processes = await Promise.all(
      [0, 1, 2].map((start) =>
        assigningProcess(
          url,
          companies.map((company, i) => [
            company,
            i % 3 === 2 ? null : (numbers[(i + start * 7) % 20] ?? null),
          ]),
        ),
      ),
    );
    const outcomes = (await Promise.all(processes.map((run) => run()))).flat();
    const kinds = new Set(outcomes.map(([, outcome]) => outcome));
    expect([...kinds].sort()).toEqual(["already-has-number", "assigned", "not-available"]);
    await expectTablesAgree(db, 20);
  });
});

test("taking the first available does not queue behind a locked number (postgres)", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const db = openDatabase(url, patient);
  const numbers = await fillPool(db, 2);
  const [holder, other] = await insertCompanies(db, 2);
  await db.transaction(async (trx) => {
    await assignPhoneNumber(trx, holder!, numbers[0]);
    expect(await assignPhoneNumber(db, other!)).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[1],
    });
  });
});

test("the last number, held by a claim that fails, goes to whoever waited for it (postgres)", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const db = openDatabase(url, patient);
  const [number] = await fillPool(db, 1);
  const [holder, waiter] = await insertCompanies(db, 2);
  let waiting: Promise<Assignment> | undefined;
  await db
    .transaction(async (trx) => {
      await assignPhoneNumber(trx, holder!, number);
      waiting = assignPhoneNumber(db, waiter!);
      await untilSomebodyWaitsForALock(db);
      throw new Error("the holder gives up");
    })
    .catch(() => {});
  expect(await waiting).toEqual({ outcome: "assigned", phoneNumber: number });
});

async function untilSomebodyWaitsForALock(db: Knex): Promise<void> {
  for (;;) {
    const row: unknown = await db("pg_stat_activity")
      .where({ wait_event_type: "Lock" })
      .whereRaw("datname = current_database()")
      .first("pid");
    if (row) return;
  }
}

type Tries = [company: number, number: string | null][];

/** Starts a process that waits for its turn. @returns a function that lets it run */
async function assigningProcess(
  url: string,
  tries: Tries,
): Promise<() => Promise<[number, string][]>> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "tests/support/assigning-process.ts", url, JSON.stringify(tries)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("ready");
  return async () => {
    child.stdin.end("go\n");
    const { value } = await lines.next();
    return JSON.parse(String(value)) as [number, string][];
  };
}

test("the pool of connections is intact after refused races (postgres)", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const db = createDatabase(url, { poolMax: 3 });
  try {
    const numbers = await fillPool(db, 2);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, numbers[0]);
    await Promise.all(
      Array.from({ length: 100 }, () => assignPhoneNumber(db, company, numbers[1])),
    );
    const { pool } = db.client as {
      pool: { numUsed(): number; numPendingAcquires(): number };
    };
    expect([pool.numUsed(), pool.numPendingAcquires()]).toEqual([0, 0]);
  } finally {
    await db.destroy();
  }
});

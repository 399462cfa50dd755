import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import { closeDatabase, database, reading } from "#app/db.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { beginSession, findSession } from "#app/domain/sessions.server.ts";
import { forgetEnvironment } from "#app/env.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine, type Engine } from "../support/databases.ts";

/** Makes {@link database} and {@link reading} use a new database; returns its address. */
async function useDatabase(engine: Engine): Promise<string> {
  const { url } = await createMigratedDatabase(engine);
  use(url);
  cleanUpLater(async () => {
    await closeDatabase();
    process.env["DATABASE_URL"] = "";
    forgetEnvironment();
  });
  return url;
}

function use(url: string): void {
  process.env["DATABASE_URL"] = url;
  forgetEnvironment();
}

/** Makes another process take SQLite's write lock. @returns a function that ends it */
async function lockElsewhere(file: string): Promise<() => Promise<void>> {
  const holder = spawn(
    process.execPath,
    [
      "-e",
      `const db = new (require("sqlite3").Database)(process.argv[1]);
       db.exec("begin exclusive", (error) => process.stdout.write(error ? error.message : "locked"));
       process.stdin.resume().on("end", () => process.exit());`,
      file,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const [said] = (await once(holder.stdout, "data")) as [Buffer];
  expect(said.toString()).toBe("locked");
  return async () => {
    holder.stdin.end();
    await once(holder, "exit");
  };
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ]);
}

describeEachEngine("the connection that reads", (engine) => {
  beforeEach(() => useDatabase(engine));

  test("sees what has been written at once", async () => {
    const numbers = await fillPool(database(), 20);
    for (const number of numbers) {
      const company = await insertCompany(database());
      const id = await beginSession(database(), company);
      await assignPhoneNumber(database(), company, number);
      expect((await findSession(reading(), id))?.company).toMatchObject({
        id: company,
        phoneNumber: number,
      });
      expect(await findCalledCompany(reading(), number)).toMatchObject({
        companyId: company,
      });
    }
    expect(await listAvailable(reading(), { limit: 1 })).toMatchObject({
      numbers: [],
    });
  });

  test("is closed along with the other, and opened again by the next call", async () => {
    const before = reading();
    await before.raw("select 1");
    await closeDatabase();
    await expect(before.raw("select 1")).rejects.toThrow();
    expect(reading()).not.toBe(before);
    await reading().raw("select 1");
  });
});

describe("the connection that reads SQLite", () => {
  let file: string;
  beforeEach(async () => {
    file = (await useDatabase("sqlite")).replace("sqlite:", "");
  });

  test("refuses to write", async () => {
    await expect(insertCompany(reading())).rejects.toMatchObject({
      code: "SQLITE_READONLY",
    });
  });

  test("answers while another process holds the lock and a write of ours waits", async () => {
    const [number] = (await fillPool(database(), 5)) as [string];
    const company = await insertCompany(database());
    const id = await beginSession(database(), company);
    await assignPhoneNumber(database(), company, number);
    const other = await insertCompany(database());
    const unlock = await lockElsewhere(file);
    const waiting = assignPhoneNumber(database(), other);
    const began = performance.now();
    const session = await findSession(reading(), id);
    await overviewOf(reading(), company, { calls: 5, days: 14 });
    expect(performance.now() - began).toBeLessThan(500);
    expect(session?.company.phoneNumber).toBe(number);
    expect(await settled(waiting)).toBe(false);
    await unlock();
    expect(await waiting).toMatchObject({ outcome: "assigned" });
  });
});

test("PostgreSQL, and a database in memory, have one connection for both", async () => {
  await useDatabase("postgres");
  expect(reading()).toBe(database());
  await closeDatabase();
  use("sqlite::memory:");
  expect(reading()).toBe(database());
});

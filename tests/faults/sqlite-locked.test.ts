import { expect, test } from "vitest";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { exchange, inParallel, signedInCompanies, tryToAssign } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { expectHeld } from "./checker.ts";

test("fault 11: an SQLite file that another process has locked answers 503 in bounded time, and works again by itself", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const numbers = await fillPool(db, 5);
  const companies = await signedInCompanies(db, 5);
  const server = await startServer({ databaseUrl });
  await db.raw("begin immediate");
  const trying = inParallel(companies, 5, (company, index) =>
    tryToAssign(server.url, company, numbers[index]!),
  );
  // Readers are neither locked out nor kept waiting behind them.
  for (const path of ["/readyz", "/dashboard", "/api/phone-numbers/available"]) {
    const began = performance.now();
    const { status } = await exchange(server.url + path, {
      headers: { Cookie: companies[0]!.cookie },
    });
    expect([path, status]).toEqual([path, 200]);
    // A write waits 1.5 seconds for the lock.
    expect(performance.now() - began).toBeLessThan(1_000);
  }
  for (const { status, took } of await trying) {
    expect(status).toBe(503);
    expect(took).toBeLessThan(5_000);
  }
  await db.raw("rollback");
  const again = await inParallel(companies, 5, (company, index) =>
    tryToAssign(server.url, company, numbers[index]!),
  );
  expect(again.map(({ told }) => told)).toEqual(Array(5).fill("ok"));
  await expectHeld(db, again);
});

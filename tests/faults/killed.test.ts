import { expect, test } from "vitest";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { inParallel, signedInCompanies, tryToAssign, type Try } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { expectHeld } from "./checker.ts";

for (const engine of engines) {
  test(`fault 1: SIGKILL in bursts of assignments loses none and leaves none half done (${engine})`, async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db = openDatabase(databaseUrl);
    const numbers = await fillPool(db, 200);
    const companies = await signedInCompanies(db, 200);
    const tries: Try[] = [];
    for (const killAfter of [15, 45]) {
      const server = await startServer({ databaseUrl });
      const from = tries.length;
      let answered = 0;
      tries.push(
        ...(await inParallel(companies.slice(from, from + 80), 12, async (company, index) => {
          const number = numbers[from + index]!;
          const result = await tryToAssign(server.url, company, number);
          if (++answered === killAfter) await server.kill();
          return result;
        })),
      );
      await expectHeld(db, tries);
    }
    const told = (what: string) => tries.filter((each) => each.told === what);
    expect(told("ok").length).toBeGreaterThanOrEqual(60);
    expect(told("unknown").length).toBeGreaterThan(0);
    expect(told("failed")).toEqual([]);

    const server = await startServer({ databaseUrl });
    const again = await inParallel(tries, 8, ({ company, phoneNumber }) =>
      tryToAssign(server.url, company, phoneNumber),
    );
    expect(new Set(again.map((each) => each.told))).toEqual(new Set(["ok"]));
    await expectHeld(db, [...tries, ...again]);
  });
}

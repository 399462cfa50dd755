import { expect, test } from "vitest";
import { countAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool, poolStatus } from "#app/domain/pool.server.ts";
import { fillPool, insertCompany, someNumbers, wholePool } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("adding to the pool", (_engine, open) => {
  test("adds what is missing, once, and leaves the rest as it is", async () => {
    const db = await open();
    const [first, second, third] = someNumbers(3) as [string, string, string];
    expect(await addToPool(db, [first, second, first])).toEqual(new Set([first, second]));
    await assignPhoneNumber(db, await insertCompany(db), first);
    expect(await addToPool(db, [first, second, third])).toEqual(new Set([third]));
    expect((await wholePool(db)).map((entry) => entry.status)).toEqual([
      "assigned",
      "available",
      "available",
    ]);
  });

  test("adds all of a long list", async () => {
    const db = await open();
    const numbers = someNumbers(5_000);
    expect((await addToPool(db, numbers)).size).toBe(5_000);
    expect(await countAvailable(db)).toBe(5_000);
  });

  test("adds nothing if one of them is not E.164", async () => {
    const db = await open();
    await expect(addToPool(db, ["+353861234567", "+abc"])).rejects.toThrow();
    expect(await countAvailable(db)).toBe(0);
  });

  test("the status counts numbers and the companies that wait", async () => {
    const db = await open();
    const numbers = await fillPool(db, 3);
    const company = await insertCompany(db, { company_name: "Ring & Co" });
    await insertCompany(db);
    await assignPhoneNumber(db, company, numbers[0]);
    expect(await poolStatus(db)).toEqual({
      available: 2,
      assigned: 1,
      companiesWaiting: 1,
    });
    expect(await wholePool(db, "assigned")).toMatchObject([
      {
        phoneNumber: numbers[0],
        companyId: company,
        companyName: "Ring & Co",
      },
    ]);
  });
});

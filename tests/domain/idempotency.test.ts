import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { forgetOldKeys, keptFor, once } from "#app/domain/idempotency.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";

const begun = new Date("2026-11-22T10:00:00Z");
const later = (seconds: number) => new Date(begun.getTime() + seconds * 1_000);

describeEachEngine("requests with a key", (engine, open) => {
  let db: Knex;
  let company: number;
  let numbers: string[];
  let done: number;
  beforeEach(async () => {
    db = await open({ statementTimeout: 300 });
    company = await insertCompany(db);
    numbers = await fillPool(db, 3);
    done = 0;
  });

  const request = (key = "k", hash = "h", companyId = company) => ({ companyId, key, hash });

  /** Assigns a number, and stores the outcome. */
  const assigning =
    (number: string, companyId = company) =>
    async (transaction: Knex) => {
      done++;
      const { outcome } = await assignPhoneNumber(transaction, companyId, number);
      return { kept: { status: outcome === "assigned" ? 200 : 400, body: `${outcome} ${number}` } };
    };

  test("one is done once, and gets the first answer for a day", async () => {
    const first = await once(db, request(), assigning(numbers[0]!), begun);
    const answer = { status: 200, body: `assigned ${numbers[0]}` };
    expect(first).toEqual({ outcome: "done", result: { kept: answer } });
    for (const now of [later(0), later(keptFor - 1)]) {
      const again = await once(db, request(), assigning(numbers[0]!), now);
      expect(again).toEqual({ outcome: "done-before", answer });
    }
    expect(done).toBe(1);
    expect(await once(db, request(), assigning(numbers[0]!), later(keptFor))).toMatchObject({
      outcome: "done",
      result: { kept: { status: 400 } },
    });
  });

  test("a refusal is stored too, and another request with its key is refused", async () => {
    const refused = await once(db, request(), assigning("+353869999999"), begun);
    expect(refused).toMatchObject({ outcome: "done", result: { kept: { status: 400 } } });
    expect(await once(db, request("k", "other"), assigning(numbers[0]!), begun)).toEqual({
      outcome: "reused",
    });
    expect(await currentPhoneNumber(db, company)).toBeUndefined();
    expect(await once(db, request("k2"), assigning(numbers[0]!), begun)).toMatchObject({
      outcome: "done",
      result: { kept: { status: 200 } },
    });
  });

  test("each company has its own keys", async () => {
    const other = await insertCompany(db);
    await once(db, request(), assigning(numbers[0]!));
    expect(await once(db, request("k", "h", other), assigning(numbers[1]!, other))).toMatchObject({
      outcome: "done",
    });
  });

  test("if nothing is stored, nothing has changed and the key is free", async () => {
    const nothing = await once(db, request(), async (transaction) => {
      await assignPhoneNumber(transaction, company, numbers[0]);
      return { kept: undefined, told: "later" };
    });
    expect(nothing).toEqual({ outcome: "done", result: { kept: undefined, told: "later" } });
    const failing = once(db, request(), async (transaction) => {
      await assignPhoneNumber(transaction, company, numbers[0]);
      throw new Error("a fault");
    });
    await expect(failing).rejects.toThrow("a fault");
    expect(await currentPhoneNumber(db, company)).toBeUndefined();
    expect(await db("idempotency_keys")).toEqual([]);
    expect(await once(db, request("k", "other"), assigning(numbers[0]!))).toMatchObject({
      outcome: "done",
    });
  });

  test("twenty at once are done once, and all get one answer", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, () => once(db, request(), assigning(numbers[0]!))),
    );
    expect(done).toBe(1);
    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual([
      "done",
      ...Array<string>(19).fill("done-before"),
    ]);
  });

  test("answers are deleted after their time", async () => {
    await once(db, request("old"), assigning("+353869999999"), begun);
    await once(db, request("new"), assigning("+353869999999"), later(10));
    expect(await forgetOldKeys(db, later(keptFor + 5))).toBe(1);
    expect(await db("idempotency_keys").select("key")).toEqual([{ key: "new" }]);
  });

  if (engine === "postgres") {
    test("a request that waits too long for another is told that it is in progress", async () => {
      let free = () => {};
      const held = new Promise<void>((resolve) => (free = resolve));
      let began = () => {};
      const begins = new Promise<void>((resolve) => (began = resolve));
      const first = once(db, request(), async (transaction) => {
        began();
        await held;
        return assigning(numbers[0]!)(transaction);
      });
      await begins;
      expect(await once(db, request(), assigning(numbers[0]!))).toEqual({ outcome: "in-progress" });
      free();
      expect(await first).toMatchObject({ outcome: "done" });
      expect(await once(db, request(), assigning(numbers[0]!))).toMatchObject({
        outcome: "done-before",
      });
      expect(done).toBe(1);
    });
  }
});

test("another process holding SQLite's lock makes it wait, and then fail as a whole (sqlite)", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const holder = openDatabase(url);
  const company = await insertCompany(holder);
  const [number] = await fillPool(holder, 1);
  const db = openDatabase(url, { statementTimeout: 50 });
  const request = { companyId: company, key: "k", hash: "h" };
  const work = async (transaction: Knex) => {
    const { outcome } = await assignPhoneNumber(transaction, company, number);
    return { kept: { status: 200, body: outcome } };
  };
  await holder.raw("begin immediate");
  await expect(once(db, request, work)).rejects.toMatchObject({ code: "SQLITE_BUSY" });
  await holder.raw("rollback");
  expect(await once(db, request, work)).toMatchObject({ outcome: "done" });
});

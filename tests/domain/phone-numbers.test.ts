import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { countAvailable, listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool, poolStatus } from "#app/domain/pool.server.ts";
import { fillPool, insertCompany, someNumbers, wholePool } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("choosing a number", (_engine, open) => {
  let db: Knex;
  let company: number;
  let numbers: string[];
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db);
    numbers = await fillPool(db, 3);
  });

  test("an available number becomes the company's in both tables", async () => {
    const before = Date.now();
    expect(await assignPhoneNumber(db, company, numbers[1])).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[1],
    });
    const current = await currentPhoneNumber(db, company);
    expect(current?.phoneNumber).toBe(numbers[1]);
    const assignedAt = Date.parse(current?.assignedAt ?? "");
    expect(Math.abs(assignedAt - before)).toBeLessThan(5_000);
    const row: unknown = await db("companies").where({ id: company }).first();
    expect(row).toMatchObject({ twilio_phone_number: numbers[1] });
  });

  test("the same choice again is the same answer and changes nothing", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const before: unknown = await db("twilio_phone_numbers").orderBy("id");
    expect(await assignPhoneNumber(db, company, numbers[0])).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[0],
    });
    expect(await db("twilio_phone_numbers").orderBy("id")).toEqual(before);
  });

  test("a company that has a number gets no other", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const refused = {
      outcome: "already-has-number",
      phoneNumber: numbers[0],
    };
    expect(await assignPhoneNumber(db, company, numbers[1])).toEqual(refused);
    expect(await assignPhoneNumber(db, company)).toEqual(refused);
    expect((await countAvailable(db)).available).toBe(2);
  });

  test("a number that is taken and one that is unknown are not available", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const other = await insertCompany(db);
    for (const number of [numbers[0], "+353869999999", "", "nonsense"]) {
      expect(await assignPhoneNumber(db, other, number)).toEqual({
        outcome: "not-available",
      });
    }
    expect(await currentPhoneNumber(db, other)).toBeUndefined();
  });

  test("without a choice the number that has been available longest is taken", async () => {
    await db("twilio_phone_numbers")
      .where({ phone_number: numbers[2] })
      .update({ created_at: "2001-01-01 00:00:00" });
    expect(await assignPhoneNumber(db, company)).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[2],
    });
  });

  test("an empty pool has nothing available", async () => {
    await db("twilio_phone_numbers").delete();
    expect(await assignPhoneNumber(db, company)).toEqual({
      outcome: "not-available",
    });
  });

  test("a company that does not exist gets nothing", async () => {
    for (const number of [numbers[0], undefined, "+353869999999"]) {
      expect(await assignPhoneNumber(db, 987_654, number)).toEqual({
        outcome: "no-such-company",
      });
    }
    expect((await countAvailable(db)).available).toBe(3);
  });

  test("in a transaction every outcome leaves it usable", async () => {
    const other = await insertCompany(db);
    await assignPhoneNumber(db, company, numbers[0]);
    await db.transaction(async (trx) => {
      expect(await assignPhoneNumber(trx, company, numbers[1])).toMatchObject({
        outcome: "already-has-number",
      });
      expect(await assignPhoneNumber(trx, 987_654, numbers[1])).toEqual({
        outcome: "no-such-company",
      });
      expect(await assignPhoneNumber(trx, other, numbers[1])).toMatchObject({
        outcome: "assigned",
      });
    });
    expect((await currentPhoneNumber(db, other))?.phoneNumber).toBe(numbers[1]);
  });

  test("a transaction that ends half-way leaves nothing", async () => {
    await expect(
      db.transaction(async (trx) => {
        await assignPhoneNumber(trx, company, numbers[0]);
        throw new Error("killed");
      }),
    ).rejects.toThrow("killed");
    expect(await currentPhoneNumber(db, company)).toBeUndefined();
    expect((await countAvailable(db)).available).toBe(3);
  });
});

describeEachEngine("the list of available numbers", (engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });

  async function list(query: Partial<Parameters<typeof listAvailable>[1]> = {}): Promise<string[]> {
    const page = await listAvailable(db, { limit: 1000, ...query });
    if (!page.ok) throw new Error(page.invalid);
    return page.numbers.map(({ phoneNumber }) => phoneNumber);
  }

  test("is oldest first, ties by id, and shows when each entered in UTC", async () => {
    const numbers = await fillPool(db, 4);
    await db("twilio_phone_numbers").update({
      created_at: "2024-05-06 07:08:09",
    });
    await db("twilio_phone_numbers")
      .where({ phone_number: numbers[3] })
      .update({ created_at: "2024-01-01 00:00:00" });
    expect(await list()).toEqual([numbers[3], numbers[0], numbers[1], numbers[2]]);
    const page = await listAvailable(db, { limit: 1 });
    expect(page).toMatchObject({
      numbers: [{ phoneNumber: numbers[3], createdAt: "2024-01-01T00:00:00Z" }],
    });
  });

  test("holds no assigned number", async () => {
    const numbers = await fillPool(db, 3);
    await assignPhoneNumber(db, await insertCompany(db), numbers[1]);
    expect(await list()).toEqual([numbers[0], numbers[2]]);
  });

  test("pages repeat nothing and skip nothing while others take numbers", async () => {
    const numbers = await fillPool(db, 30);
    const seen: string[] = [];
    const taken = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await listAvailable(db, { limit: 4, cursor });
      if (!page.ok) throw new Error(page.invalid);
      seen.push(...page.numbers.map(({ phoneNumber }) => phoneNumber));
      // One that was shown, maybe the last of the page, and one that was not.
      for (const number of [seen.at(-1)!, numbers[(seen.length * 7) % 30]!]) {
        const company = await insertCompany(db);
        await assignPhoneNumber(db, company, number);
        taken.add(number);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    const stayed = numbers.filter((number) => !taken.has(number));
    expect(stayed.filter((number) => !seen.includes(number))).toEqual([]);
  });

  test("pages hold when times have fractions or are missing", async () => {
    const numbers = await fillPool(db, 6);
    await db("twilio_phone_numbers")
      .whereIn("phone_number", numbers.slice(0, 2))
      .update({ created_at: null });
    await db("twilio_phone_numbers")
      .whereIn("phone_number", numbers.slice(2, 4))
      .update({ created_at: "2024-01-01 00:00:00.123456" });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listAvailable(db, { limit: 1, cursor });
      if (!page.ok) throw new Error(page.invalid);
      seen.push(...page.numbers.map(({ phoneNumber }) => phoneNumber));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(numbers);
  });

  test("the last page has no cursor, also when it is full", async () => {
    await fillPool(db, 4);
    const first = await listAvailable(db, { limit: 2 });
    const cursor = (first.ok && first.nextCursor) || undefined;
    expect(cursor).toBeDefined();
    expect(await listAvailable(db, { limit: 2, cursor })).toMatchObject({
      ok: true,
      nextCursor: null,
    });
  });

  const [irish, dublin, american, french] = [
    "+353861230001",
    "+353015550100",
    "+12025550861",
    "+33610035386",
  ];
  const all = [irish, dublin, american, french];
  test.each([
    ["861", [irish, american]],
    ["0861", [irish, american]],
    ["٠٨٦١", [irish, american]],
    ["86 123-0", [irish]],
    ["+353", [irish, dublin]],
    ["+353 (0)86", [irish]],
    ["00353", [irish, dublin, french]],
    ["0035386123", [irish]],
    ["+86", []],
    ["000", [irish]],
    ["0", all],
    ["05550", []],
    ["001202", [american]],
    ["555", [dublin, american]],
    ["starts with 086", [irish, american]],
    ["777", []],
    ["", all],
    ["%", all],
    ["¹", all],
  ])("what the picker's box finds for %j", async (search, expected) => {
    await addToPool(db, all);
    expect(await list({ search })).toEqual(expected);
    expect(await countAvailable(db, search)).toEqual({
      available: 4,
      matching: expected.length,
    });
  });

  test.each([
    ["000", [irish]],
    ["0861", [american]],
    ["00353", [french]],
    ["353", [irish, dublin, french]],
    ["", all],
  ])("a number contains %j literally", async (contains, expected) => {
    await addToPool(db, all);
    expect(await list({ contains })).toEqual(expected);
  });

  test("a country that shares its calling code is told apart, over several reads", async () => {
    const canadian = Array.from({ length: 9 }, (_, i) => `+1416555010${i}`);
    await addToPool(db, canadian);
    await addToPool(db, ["+12025550101", "+12025550102", "+353861234567"]);
    expect(await list({ country: "us" })).toEqual(["+12025550101", "+12025550102"]);
    expect(await list({ country: "CA" })).toEqual(canadian);
    expect(await list({ country: "IE" })).toEqual(["+353861234567"]);
    const page = await listAvailable(db, { limit: 1, country: "US" });
    expect(page).toMatchObject({ numbers: [{ phoneNumber: "+12025550101" }] });
    const cursor = (page.ok && page.nextCursor) || undefined;
    expect(await list({ limit: 1, country: "US", cursor })).toEqual(["+12025550102"]);
  });

  test("a cursor of milliseconds is SQLite's, where older programs left them", async () => {
    await fillPool(db, 1);
    const cursor = Buffer.from("[5,1]").toString("base64url");
    expect(await listAvailable(db, { limit: 1, cursor })).toMatchObject({
      ok: engine === "sqlite",
    });
  });

  test("a cursor whose id no row could have is an empty page", async () => {
    await fillPool(db, 1);
    const cursor = Buffer.from('["9999-12-31 23:59:59",9007199254740991]').toString("base64url");
    expect(await listAvailable(db, { limit: 1, cursor })).toMatchObject({ ok: true, numbers: [] });
  });

  test.each([
    "garbage",
    "",
    ...[
      "2024-02-30 00:00:00",
      "2023-02-29 00:00:00",
      "0000-01-01 00:00:00",
      "2024-01-01 24:00:00",
      "2024-01-01 00:00:60",
      "infinity",
    ].map((at) => Buffer.from(JSON.stringify([at, 1])).toString("base64url")),
    Buffer.from("[1]").toString("base64url"),
    Buffer.from('["2024-01-01 00:00:00","1"]').toString("base64url"),
    Buffer.from('["2024-99-01 00:00:00",1]').toString("base64url"),
    Buffer.from('["x\'; drop table companies",1]').toString("base64url"),
  ])("the cursor %j is refused", async (cursor) => {
    expect(await listAvailable(db, { limit: 1, cursor })).toEqual({
      ok: false,
      invalid: "cursor",
    });
  });

  test("a country that is none is refused", async () => {
    expect(await listAvailable(db, { limit: 1, country: "XX" })).toEqual({
      ok: false,
      invalid: "country",
    });
  });
});

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
    expect((await countAvailable(db)).available).toBe(5_000);
  });

  test("adds nothing where one of them is no E.164", async () => {
    const db = await open();
    await expect(addToPool(db, ["+353861234567", "+abc"])).rejects.toThrow();
    expect((await countAvailable(db)).available).toBe(0);
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

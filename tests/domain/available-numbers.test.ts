import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { countAvailable, listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

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
      // One that has been shown, perhaps the last of the page, and one that has not.
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

  test("the last page has no cursor, even if it is full", async () => {
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
    expect(await countAvailable(db)).toBe(4);
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

  test("a cursor in milliseconds is valid on SQLite, where older programs left such times", async () => {
    await fillPool(db, 1);
    const cursor = Buffer.from("[5,1]").toString("base64url");
    expect(await listAvailable(db, { limit: 1, cursor })).toMatchObject({
      ok: engine === "sqlite",
    });
  });

  test("a cursor with an id that no row could have gives an empty page", async () => {
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

  test("an unknown country is refused", async () => {
    expect(await listAvailable(db, { limit: 1, country: "XX" })).toEqual({
      ok: false,
      invalid: "country",
    });
  });
});

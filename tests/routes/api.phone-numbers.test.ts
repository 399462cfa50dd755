import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { refusal } from "../support/client.ts";
import { assignmentsInBothTables } from "../support/companies.ts";
import { engines } from "../support/databases.ts";
import { openSite, type Site } from "../support/site.ts";

describe.each(engines)("the JSON API's numbers on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  test("the whole way: list, choose, see it", async () => {
    const number = await site.freshNumber();
    const { client } = await site.signedUp();
    expect(await client.get("/api/phone-numbers/current")).toMatchObject({
      status: 200,
      body: { success: true, phone_number: null, has_phone: false },
    });
    const list = await client.get("/api/phone-numbers/available?limit=1000");
    expect(list.status).toBe(200);
    expect(list.body).toMatchObject({ success: true, next_cursor: null });
    expect(list.body.numbers).toContainEqual({
      phone_number: number,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
    const chosen = await client.post("/api/phone-numbers/assign", {
      phone_number: number,
    });
    expect(chosen.status).toBe(200);
    expect(chosen.body).toEqual({
      success: true,
      message: "Phone number assigned successfully",
      phone_number: number,
    });
    expect((await client.get("/api/phone-numbers/current")).body).toEqual({
      success: true,
      phone_number: number,
      has_phone: true,
    });
    expect((await client.get("/api/session")).body).toMatchObject({
      company: { twilio_phone_number: number },
    });
    const after = await client.get("/api/phone-numbers/available?limit=1000");
    expect(JSON.stringify(after.body)).not.toContain(number);
  });

  test("a company with a number gets no other, and is told its own", async () => {
    const { client } = await site.signedUp();
    const choose = async (phone_number: string) => {
      const { status, body } = await client.post("/api/phone-numbers/assign", { phone_number });
      return { status, body };
    };
    const number = await site.freshNumber();
    await choose(number);
    const refused = {
      status: 400,
      body: {
        success: false,
        error: "Company already has a phone number",
        code: "company_already_has_phone_number",
        phone_number: number,
      },
    };
    // Its own too: a client that was cut off sees that its first request succeeded.
    for (const asked of [number, await site.freshNumber(), "+353869999999"]) {
      expect(await choose(asked)).toEqual(refused);
    }
  });

  test("of one request sent five times at once, one succeeds and the others are told the number", async () => {
    const number = await site.freshNumber();
    const { client } = await site.signedUp();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        client.post("/api/phone-numbers/assign", { phone_number: number }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 400, 400, 400, 400,
    ]);
    expect(new Set(answers.map(({ body }) => body.phone_number))).toEqual(new Set([number]));
  });

  test("an unknown, a taken and a malformed number are not available", async () => {
    const number = await site.freshNumber();
    await (
      await site.signedUp()
    ).client.post("/api/phone-numbers/assign", { phone_number: number });
    const { client } = await site.signedUp();
    for (const phone_number of [
      number,
      "+353869999999",
      "+abc",
      "0861234567",
      "+",
      "\u0000",
      "x".repeat(5_000),
      "'; drop table companies; --",
    ]) {
      expect(await client.post("/api/phone-numbers/assign", { phone_number })).toMatchObject(
        refusal(400, "phone_number_not_available", "Phone number not available"),
      );
    }
  });

  test("a number may be typed with spaces", async () => {
    const number = await site.freshNumber();
    const { client } = await site.signedUp();
    const typed = `${number.slice(0, 4)} (${number.slice(4, 6)}) ${number.slice(6, 9)}-${number.slice(9)}`;
    expect(await client.post("/api/phone-numbers/assign", { phone_number: typed })).toMatchObject({
      status: 200,
      body: { phone_number: number },
    });
  });

  test.each([
    {},
    { phone_number: "" },
    { phone_number: " " },
    { phone_number: 353 },
    { phone_number: null },
    { phone_number: ["+353861234567"] },
  ])("%j names no number", async (body) => {
    const { client } = await site.signedUp();
    expect(await client.post("/api/phone-numbers/assign", body)).toMatchObject(
      refusal(400, "phone_number_required", "Phone number is required"),
    );
  });

  test("company_id in a body is ignored", async () => {
    const { client: victim } = await site.signedUp();
    const { company } = (await victim.get("/api/session")).body as {
      company: { id: number };
    };
    const number = await site.freshNumber();
    const { client } = await site.signedUp();
    await client.post("/api/phone-numbers/assign", {
      phone_number: number,
      company_id: company.id,
    });
    expect((await victim.get("/api/phone-numbers/current")).body).toMatchObject({
      has_phone: false,
    });
    expect((await client.get("/api/phone-numbers/current")).body).toMatchObject({
      phone_number: number,
    });
  });

  test("20 companies race over HTTP for one number: one has it, in both tables", async () => {
    const number = await site.freshNumber();
    const clients = await Promise.all(Array.from({ length: 20 }, () => site.signedUp()));
    const answers = await Promise.all(
      clients.map(({ client }) =>
        client.post("/api/phone-numbers/assign", { phone_number: number }),
      ),
    );
    expect(answers.map(({ status }) => String(status)).sort()).toEqual([
      "200",
      ...Array.from({ length: 19 }, () => "400"),
    ]);
    const { pool, companies } = await assignmentsInBothTables(site.db);
    expect(pool).toEqual(companies);
    expect(pool.filter(([, one]) => one === number)).toHaveLength(1);
  });

  test("pages by cursor, and searches", async () => {
    await addToPool(site.db, ["+442079460001", "+442079460002", "+442079460003"]);
    const { client } = await site.signedUp();
    const path = "/api/phone-numbers/available?country=GB&limit=2";
    const first = await client.get(path);
    expect(first.body.numbers).toHaveLength(2);
    const second = await client.get(`${path}&cursor=${String(first.body.next_cursor)}`);
    expect(second.body).toMatchObject({
      numbers: [{ phone_number: "+442079460003" }],
      next_cursor: null,
    });
    const found = await client.get("/api/phone-numbers/available?contains=20%207946%200002");
    expect(found.body.numbers).toMatchObject([{ phone_number: "+442079460002" }]);
  });

  test.each([
    ["limit=0", "limit must be a whole number from 1 to 1000."],
    ["limit=1001", "limit must be a whole number from 1 to 1000."],
    ["limit=ten", "limit must be a whole number from 1 to 1000."],
    ["cursor=garbage", "cursor must be the next_cursor of a page before."],
    ["country=Ireland", "country must be two letters (ISO 3166-1), like IE."],
    [`cursor=${"x".repeat(256)}`, "cursor must be the next_cursor of a page before."],
    ["contains=abc", "contains must be digits."],
    ["contains=%C2%B9", "contains must be digits."],
    ["contains=1%00", "contains must be digits."],
    [
      `cursor=${Buffer.from('["2024-02-30 00:00:00",1]').toString("base64url")}`,
      "cursor must be the next_cursor of a page before.",
    ],
  ])("?%s is refused", async (query, error) => {
    const { client } = await site.signedUp();
    expect(await client.get(`/api/phone-numbers/available?${query}`)).toMatchObject(
      refusal(400, "invalid_query", error),
    );
  });

  test("a superscript assigns no number, and invisible marks are dropped", async () => {
    const { client } = await site.signedUp();
    await addToPool(site.db, ["+4930123456789"]);
    expect(
      await client.post("/api/phone-numbers/assign", { phone_number: "+49 30 12345678⁹" }),
    ).toMatchObject(refusal(400, "phone_number_not_available", "Phone number not available"));
    expect(
      await client.post("/api/phone-numbers/assign", {
        phone_number: "tel:\u202A(+49)\u200B30−1234 56٧٨٩\u202C",
      }),
    ).toMatchObject({ status: 200, body: { phone_number: "+4930123456789" } });
  });

  test("empty query values are ignored", async () => {
    const { client } = await site.signedUp();
    const answer = await client.get(
      "/api/phone-numbers/available?limit=&cursor=&contains=&country=",
    );
    expect(answer.status).toBe(200);
  });
});

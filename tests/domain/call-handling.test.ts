import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import {
  callHandlingFields,
  callHandlingOf,
  findCalledCompany,
  saveCallHandling,
  type CallHandling,
} from "#app/domain/call-handling.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { insertCompany, someNumbers } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

const form = {
  greeting: "Hello, this is Acme.",
  mode: "phone",
  phone: "+353 87 111 2222",
  sip_address: "",
  stream_url: "",
  ring_seconds: "25",
  take_message: "on",
};

const checked = (fields: Record<string, unknown>) =>
  checkFields(callHandlingFields, { ...form, ...fields });

describe("the form", () => {
  test("a phone to ring is kept in E.164", () => {
    expect(checked({})).toEqual({
      ok: true,
      values: {
        greeting: "Hello, this is Acme.",
        mode: "phone",
        target: "+353871112222",
        ringSeconds: 25,
        takeMessage: true,
      },
    });
  });

  test("a checkbox that is not ticked is not sent", () => {
    const result = checked({ take_message: undefined });
    expect(result).toMatchObject({ values: { takeMessage: false } });
  });

  test.each([
    ["sip", { sip_address: " sip:reception@pbx.example.com:5061;transport=tls " }],
    ["sip", { sip_address: "sips:+35312345678@[2001:db8::1]" }],
    ["sip", { sip_address: "sip:k@example.com?x-h=1" }],
    ["sip", { sip_address: "sip:k@example.com:5060;transport=tcp?x-h=1&X-Queue=a%20b" }],
    [
      "sip",
      { sip_address: "sip:k@example.com:5060;transport=tcp?x-h=1&x-desk=front%20door&x-none=" },
    ],
    ["stream", { stream_url: "wss://agent.example.com:8443/calls" }],
    ["message", {}],
  ])("%s %o is taken", (mode, fields) => {
    const [target = null] = Object.values(fields).map((text) => text.trim());
    expect(checked({ mode, ...fields })).toMatchObject({
      ok: true,
      values: { mode, target },
    });
  });

  test("joiners in a greeting are spelling, and marks around what is pasted are dropped", () => {
    const greeting = "Team 👩\u200D💻,\nمی\u200Cخواهم";
    expect(checked({ greeting: `\u200F${greeting}\u200B` })).toMatchObject({
      values: { greeting },
    });
    expect(checked({ mode: "sip", sip_address: "\u202Asip:k@example.com\u202C" })).toMatchObject({
      values: { target: "sip:k@example.com" },
    });
    expect(checked({ phone: "tel:\u2068+353-87\u2212111 2222\u2069" })).toMatchObject({
      values: { target: "+353871112222" },
    });
  });

  test("only the target of the chosen mode counts", () => {
    const result = checked({ mode: "message", phone: "x", stream_url: "y" });
    expect(result).toMatchObject({ ok: true, values: { target: null } });
  });

  test.each<[Record<string, unknown>, string, string]>([
    [{ mode: undefined }, "mode", "Choose what happens to a call."],
    [{ mode: "fax" }, "mode", "Choose what happens to a call."],
    [
      { phone: "087 111 2222" },
      "phone",
      "Enter a phone number with its country code, like +353 86 123 4567.",
    ],
    [{ phone: "" }, "phone", "Enter a phone number with its country code, like +353 86 123 4567."],
    ...[
      "",
      "reception@example.com",
      "sip:example.com",
      "sip:a b@example.com",
      "sip:a@b@c.example",
      "sip:<x>@example.com",
      "sip:k@example.com?",
      "sip:k@example.com?x-h",
      "sip:k@example.com?x-h=1&",
      "sip:k@example.com?x-h=<1>",
      "sip:k@example.com?x-h=1\u0000",
    ].map(
      (sip_address) =>
        [
          { mode: "sip", sip_address },
          "sip_address",
          "Enter a SIP address, like sip:reception@example.com.",
        ] satisfies [object, string, string],
    ),
    ...[
      "",
      "ws://agent.example.com",
      "https://agent.example.com",
      "wss://me:secret@agent.example.com",
      "wss://agent.example.com/#x",
      "wss:",
    ].map(
      (stream_url) =>
        [
          { mode: "stream", stream_url },
          "stream_url",
          "Enter an address like wss://agent.example.com/calls.",
        ] satisfies [object, string, string],
    ),
    [
      { mode: "stream", stream_url: "wss://agent.example.com/?key=1" },
      "stream_url",
      "Leave out the ? and what follows it.",
    ],
    ...["", "4", "61", "-5", "5.5", "ten", "1e1"].map(
      (ring_seconds) =>
        [
          { ring_seconds },
          "ring_seconds",
          "Enter how many seconds to ring, from 5 to 60.",
        ] satisfies [object, string, string],
    ),
    [{ greeting: "x".repeat(501) }, "greeting", "Use 500 characters or fewer."],
    [{ greeting: "Hello\u0000" }, "greeting", "Remove the invisible characters."],
    [{ greeting: undefined }, "greeting", "Enter a greeting."],
  ])("%o is refused at %s: %s", (fields, field, error) => {
    expect(checked(fields)).toEqual({ ok: false, errors: { [field]: error } });
  });

  test.each(["", "x".repeat(500), "Hello,\r\nthis is Acme.", "Fáilte 👋"])(
    "the greeting %j is taken",
    (greeting) => {
      expect(checked({ greeting })).toMatchObject({
        values: { greeting: greeting.replace("\r\n", "\n") },
      });
    },
  );
});

describeEachEngine("call handling", (_engine, open) => {
  let db: Knex;
  let own: string;
  let spare: string;
  beforeEach(async () => {
    db = await open();
    [own, spare] = someNumbers(2) as [string, string];
    await addToPool(db, [own, spare]);
  });

  async function companyWith(phone: string | null): Promise<number> {
    const company = await insertCompany(db, { company_name: "Acme", phone });
    await assignPhoneNumber(db, company, own);
    return company;
  }

  const wanted: CallHandling = {
    greeting: "Hello.",
    mode: "sip",
    target: "sip:a@example.com",
    ringSeconds: 5,
    takeMessage: false,
  };

  test("by default a phone that was given at sign-up is rung", async () => {
    expect(await callHandlingOf(db, await companyWith("+353871112222"))).toEqual({
      greeting: "Thank you for calling Acme.",
      mode: "phone",
      target: "+353871112222",
      ringSeconds: 20,
      takeMessage: true,
    });
  });

  test.each([null, "", "087 111 2222", "ask for Ann"])(
    "by default a company whose phone is %j takes messages",
    async (phone) => {
      expect(await callHandlingOf(db, await companyWith(phone))).toMatchObject({
        mode: "message",
        target: null,
      });
    },
  );

  test("a company that gave its number here as its phone does not ring itself", async () => {
    const company = await companyWith(own);
    expect(await callHandlingOf(db, company)).toMatchObject({
      mode: "message",
    });
  });

  test("what is saved is what is wanted, and can be saved anew", async () => {
    const company = await companyWith(null);
    const other = await insertCompany(db);
    expect(await saveCallHandling(db, company, wanted)).toBe("saved");
    expect(await callHandlingOf(db, company)).toEqual(wanted);
    const changed: CallHandling = {
      ...wanted,
      mode: "message",
      target: null,
      takeMessage: true,
    };
    expect(await saveCallHandling(db, company, changed)).toBe("saved");
    expect(await callHandlingOf(db, company)).toEqual(changed);
    expect(await callHandlingOf(db, other)).toMatchObject({
      greeting: "Thank you for calling Acme.",
    });
  });

  test("saving twice at once is one row", async () => {
    const company = await companyWith(null);
    await Promise.all(Array.from({ length: 8 }, () => saveCallHandling(db, company, wanted)));
    expect(await db("company_call_handling")).toHaveLength(1);
  });

  test("a number of the pool is not rung: its own, or one that may come back to it", async () => {
    const company = await companyWith(null);
    for (const target of [own, spare]) {
      const ringing: CallHandling = { ...wanted, mode: "phone", target };
      expect(await saveCallHandling(db, company, ringing)).toBe("rings-the-pool");
    }
    expect(await callHandlingOf(db, company)).toMatchObject({
      mode: "message",
    });
  });

  test("a phone that has become a number of the pool takes messages instead", async () => {
    const company = await companyWith(null);
    const target = "+353871112222";
    await saveCallHandling(db, company, { ...wanted, mode: "phone", target });
    expect(await findCalledCompany(db, own)).toMatchObject({
      companyId: company,
      handling: { mode: "phone", target },
    });
    await addToPool(db, [target]);
    expect(await findCalledCompany(db, own)).toMatchObject({
      handling: { mode: "message", target: null },
    });
  });

  test("so does one that an older program kept as it was typed", async () => {
    const company = await companyWith("+353 87 111-2222");
    expect(await findCalledCompany(db, own)).toMatchObject({
      companyId: company,
      handling: { mode: "phone", target: "+353871112222" },
    });
    await addToPool(db, ["+353871112222"]);
    expect(await findCalledCompany(db, own)).toMatchObject({
      handling: { mode: "message", target: null },
    });
  });

  test("a call is for the company that owns the number, with its own settings", async () => {
    const company = await companyWith("+353871112222");
    const second = await insertCompany(db, { company_name: "Second" });
    await assignPhoneNumber(db, second, spare);
    await saveCallHandling(db, second, wanted);
    expect(await findCalledCompany(db, own)).toMatchObject({
      companyId: company,
      handling: { greeting: "Thank you for calling Acme." },
    });
    expect(await findCalledCompany(db, spare)).toEqual({
      companyId: second,
      handling: wanted,
      cameBack: false,
      frozen: false,
    });
  });

  test.each([
    "",
    "anonymous",
    "sip:acme@example.com",
    "client:acme",
    "353860000000",
    "+353 86 000 0000",
    " +353860000000",
    "+35386000000",
    "+3538600000000",
    "+353860000009",
    "%",
  ])("%j is nobody's", async (to) => {
    await companyWith(null);
    expect(await findCalledCompany(db, to)).toBeUndefined();
  });

  test("a number that is available is nobody's", async () => {
    expect(await findCalledCompany(db, spare)).toBeUndefined();
  });

  test("there is nothing to tell of a company that is not there", async () => {
    expect(await callHandlingOf(db, 404)).toBeUndefined();
  });
});

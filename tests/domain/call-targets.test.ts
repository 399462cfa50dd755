import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { callHandlingFields } from "#app/domain/call-handling-form.server.ts";
import {
  callHandlingOf,
  findCalledCompany,
  saveCallHandling,
  type WantedHandling,
} from "#app/domain/call-handling.server.ts";
import { checkTarget, dialCountries, numberInSip } from "#app/domain/call-targets.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { insertCompany, someNumbers } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

describe("kinds of numbers", () => {
  test.each([
    ["a landline", "+442071234567"],
    ["a mobile", "+353871112222"],
    ["one of the two", "+12025550123"],
    ["a toll-free number", "+18005551234"],
    ["an internet phone", "+353761234567"],
    ["a mobile beside satellites", "+8613481234567"],
    ["a mobile beside satellites", "+79531234567"],
  ])("%s, %s, may be rung", (_kind, number) => {
    expect(checkTarget.phone(number)).toEqual({ target: number });
  });

  test.each([
    ["premium rate", "+19005551234"],
    ["premium rate, an exchange", "+12129761234"],
    ["premium rate, no area", "+19765551234"],
    ["premium rate of no country", "+979123456789"],
    ["premium rate in Ireland", "+3531550123456"],
    ["premium rate in Britain", "+448701234567"],
    ["shared cost", "+491371234567"],
    ["shared cost of no country", "+80812345678"],
    ["a satellite", "+881612345678"],
    ["an international network", "+882161234567"],
    ["an international network", "+883510012345678"],
    ["Inmarsat", "+870773123456"],
    ["Ascension", "+24762345"],
    ["a satellite of Canada's", "+16005551234"],
    ["a satellite of Australia's", "+61147123456"],
    ["a satellite of Russia's", "+79541234567"],
    ["a satellite of China's", "+8613491234567"],
    ["a satellite of China's", "+8617401234567"],
    ["a satellite of Indonesia's", "+62868123456"],
    ["a personal number", "+447012345678"],
    ["in no numbering plan", "+447700900123"],
  ])("%s, %s, is never rung", (_kind, number) => {
    expect(checkTarget.phone(number)).toHaveProperty("error");
  });

  test("the form says which kinds may be", () => {
    const form = { greeting: "", mode: "phone", phone: "+1 900 555 1234", ring_seconds: "20" };
    const checked = checkFields(callHandlingFields, form);
    expect(checked).toMatchObject({
      errors: { phone: expect.stringContaining("not to premium-rate, shared-cost, satellite") },
    });
  });
});

test.each([
  ["sip:+353861230001@pbx.example.com", "+353861230001"],
  ["sip:00353861230001@pbx.example.com", "+353861230001"],
  ["SIPS:353861230001@pbx.example.com;transport=tls", "+353861230001"],
  ["sip:%2B353-86-123-0001;phone-context=x@pbx.example.com", "+353861230001"],
  ["sip:+353861230001:secret@pbx.example.com", "+353861230001"],
  ["sip:reception@pbx.example.com", undefined],
  ["sip:101@pbx.example.com", undefined],
])("%s names the number %s", (address, number) => {
  expect(numberInSip(address)).toBe(number);
});

describeEachEngine("where calls may be passed on to", (_engine, open) => {
  let db: Knex;
  let own: string;
  let spare: string;
  beforeEach(async () => {
    db = await open();
    [own, spare] = someNumbers(2) as [string, string];
    await addToPool(db, [own, spare]);
  });

  async function companyWith(phone: string | null): Promise<number> {
    const company = await insertCompany(db, { phone });
    await assignPhoneNumber(db, company, own);
    return company;
  }

  const ringing = (target: string, mode: "phone" | "sip" = "phone"): WantedHandling => ({
    greeting: "",
    mode,
    target,
    ringSeconds: 20,
    takeMessage: true,
  });

  /** Stores what saving would refuse, as if from before the rule, or by another program. */
  async function keep(company: number, { ringSeconds, takeMessage, ...handling }: WantedHandling) {
    await db("company_call_handling").insert({
      company_id: company,
      ...handling,
      ring_seconds: ringSeconds,
      take_message_when_unanswered: takeMessage,
    });
  }

  const message = { handling: { mode: "message", target: null } };

  test("by default are the pool's countries, each once, however many numbers they have", async () => {
    expect(await dialCountries(db)).toEqual(["IE"]);
    const fresh = await open();
    const numbers = ["+442071234567", "+12025550123", "+14165550123", ...someNumbers(300)];
    await addToPool(fresh, [...numbers, "+441534712345", "+442071234568"]);
    expect(await dialCountries(fresh)).toEqual(["CA", "GB", "IE", "JE", "US"]);
  });

  test("with an empty pool are none, and no phone is refused for its country", async () => {
    const empty = await open();
    const company = await insertCompany(empty);
    expect(await dialCountries(empty)).toEqual([]);
    expect(await saveCallHandling(empty, company, ringing("+442071234567"))).toBe("saved");
  });

  test("a phone in a country that the pool has no number of is refused until it has", async () => {
    const company = await companyWith(null);
    const target = "+442071234567";
    expect(await saveCallHandling(db, company, ringing(target))).toBe("other-country");
    expect(await saveCallHandling(db, company, ringing("+18765551234"))).toBe("other-country");
    await addToPool(db, ["+442079460000"]);
    expect(await saveCallHandling(db, company, ringing(target))).toBe("saved");
    expect(await findCalledCompany(db, own)).toMatchObject({ handling: { mode: "phone", target } });
  });

  test("DIAL_COUNTRIES takes precedence over the pool", async () => {
    useEnvironment({ DIAL_COUNTRIES: "GB,CA" });
    const company = await companyWith(null);
    expect(await saveCallHandling(db, company, ringing("+353871112222"))).toBe("other-country");
    for (const target of ["+442071234567", "+18005551234"]) {
      expect(await saveCallHandling(db, company, ringing(target))).toBe("saved");
      expect(await findCalledCompany(db, own)).toMatchObject({ handling: { target } });
    }
  });

  test.each(["+19005551234", "+979123456789", "+881612345678", "+24762345", "+442071234567"])(
    "%s, saved earlier, is not rung when a call comes",
    async (target) => {
      await keep(await companyWith(null), ringing(target));
      expect(await findCalledCompany(db, own)).toMatchObject(message);
    },
  );

  test.each(["+1 900 555 1234", "+442071234567", "+881612345678"])(
    "the phone %s from sign-up is not rung either, and the form shows that messages are taken",
    async (phone) => {
      const company = await companyWith(phone);
      expect(await findCalledCompany(db, own)).toMatchObject(message);
      expect(await callHandlingOf(db, company)).toMatchObject({ mode: "message", target: null });
    },
  );

  test("a SIP address of a number in the pool is refused, and not rung if it was saved earlier", async () => {
    const company = await companyWith(null);
    for (const number of [own, spare]) {
      const address = `sip:${number}@pbx.example.com`;
      expect(await saveCallHandling(db, company, ringing(address, "sip"))).toBe("rings-the-pool");
    }
    await keep(company, ringing(`sip:${own.slice(1)}@pbx.example.com`, "sip"));
    expect(await findCalledCompany(db, own)).toMatchObject(message);
  });

  test("a SIP address of any other user is rung", async () => {
    const company = await companyWith(null);
    for (const target of ["sip:+353871112222@pbx.example.com", "sip:k@example.com?x-h=1"]) {
      expect(await saveCallHandling(db, company, ringing(target, "sip"))).toBe("saved");
      expect(await findCalledCompany(db, own)).toMatchObject({ handling: { mode: "sip", target } });
    }
  });

  test("a phone that has forwarded the call itself is not rung again", async () => {
    await companyWith("+353871112222");
    for (const forwardedFrom of ["+353871112222", "00353 87 111 2222"]) {
      expect(await findCalledCompany(db, own, { forwardedFrom })).toMatchObject(message);
    }
    expect(await findCalledCompany(db, own, { forwardedFrom: "+353871112223" })).toMatchObject({
      handling: { mode: "phone" },
    });
  });

  test("a call from a number of the pool has come back", async () => {
    await companyWith("+353871112222");
    for (const from of [own, spare]) {
      expect(await findCalledCompany(db, own, { from })).toMatchObject({ cameBack: true });
    }
    for (const from of ["+353871112222", "anonymous", ""]) {
      expect(await findCalledCompany(db, own, { from })).toMatchObject({ cameBack: false });
    }
  });
});

import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import {
  callHandlingOf,
  findCalledCompany,
  saveCallHandling,
  type CallHandling,
} from "#app/domain/call-handling.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { insertCompany, someNumbers } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

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
    language: "it-IT",
  };

  test("by default the phone from sign-up is rung", async () => {
    expect(await callHandlingOf(db, await companyWith("+353871112222"))).toEqual({
      greeting: "Thank you for calling Acme.",
      mode: "phone",
      target: "+353871112222",
      ringSeconds: 20,
      takeMessage: true,
      language: "en-IE",
    });
  });

  test("callers are greeted in the language of the number's country, until another is chosen", async () => {
    const warsaw = "+48221234567";
    await addToPool(db, [warsaw]);
    const company = await insertCompany(db, { company_name: "Acme", phone: "+353871112222" });
    const spoken = async () => {
      const { greeting, language } = (await callHandlingOf(db, company))!;
      return [language, greeting];
    };
    expect(await spoken()).toEqual(["en-IE", "Thank you for calling Acme."]);
    await assignPhoneNumber(db, company, warsaw);
    expect(await spoken()).toEqual(["pl-PL", "Dziękujemy za telefon do firmy Acme."]);

    const { language: _, ...silent } = wanted;
    await saveCallHandling(db, company, silent);
    expect(await spoken()).toEqual(["pl-PL", "Hello."]);
    await saveCallHandling(db, company, wanted);
    expect(await spoken()).toEqual(["it-IT", "Hello."]);
    await saveCallHandling(db, company, silent);
    expect(await spoken()).toEqual(["it-IT", "Hello."]);
    // From a version that had more languages.
    await db("company_call_handling").update({ language: "tlh-KL" });
    expect(await spoken()).toEqual(["pl-PL", "Hello."]);
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

  test("settings are saved, and can be saved again", async () => {
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

  test("so does one that an older program stored as typed", async () => {
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
      blocked: null,
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

  test("an unknown company has no call handling", async () => {
    expect(await callHandlingOf(db, 404)).toBeUndefined();
  });
});

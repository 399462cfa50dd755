import { describe, expect, test } from "vitest";
import { getCountries, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { signUp, signUpFields } from "#app/domain/companies.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { beginSession, findSession } from "#app/domain/sessions.server.ts";
import {
  asTimeZone,
  saveTimeZone,
  timeZoneFrom,
  timeZoneOfNumber,
  timeZones,
} from "#app/domain/time-zone.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describe("zones", () => {
  test("every zone offered is valid, and is stored under the name offered", () => {
    expect(timeZones()).toContain("UTC");
    expect(timeZones()).toContain("Europe/Dublin");
    for (const zone of timeZones()) expect(asTimeZone(zone)).toBe(zone);
  });

  test.each([
    "",
    "Mars/Olympus",
    "+01:00",
    "Europe/Dublin; drop table",
    "Europe/Dublin\0",
    "x".repeat(99),
  ])("%j is none", (text) => expect(asTimeZone(text)).toBeUndefined());

  test("a browser's name for a zone is a name that can be chosen", () => {
    for (const name of ["Asia/Kolkata", "Asia/Calcutta", "Europe/Kyiv", "utc"]) {
      expect(timeZones()).toContain(asTimeZone(name));
    }
  });

  test.each([
    ["+353861234567", "Europe/Dublin"],
    ["+442079460123", "Europe/London"],
    ["+12125550123", "America/New_York"],
    ["+14165550123", "America/Toronto"],
    ["+61291234567", "Australia/Sydney"],
    ["+4930123456", "Europe/Berlin"],
    ["+80012345678", undefined],
    ["+999123", undefined],
  ])("%s is in %s", (number, zone) => expect(timeZoneOfNumber(number)).toBe(zone));

  test("every country that has a numbering plan has a zone", () => {
    const without = getCountries()
      .map((country) => [country, getExampleNumber(country, examples)?.number] as const)
      .filter(([, number]) => timeZoneOfNumber(number ?? null) === undefined);
    expect(without.map(([country]) => country)).toEqual([]);
  });

  test("the company's own choice comes first, then its number, then its phone", () => {
    expect(timeZoneFrom("Asia/Tokyo", "+353861234567", null)).toBe("Asia/Tokyo");
    expect(timeZoneFrom(null, "+353861234567", "+12125550123")).toBe("Europe/Dublin");
    expect(timeZoneFrom(null, null, "+12125550123")).toBe("America/New_York");
    expect(timeZoneFrom("Atlantis/Capital", null, null)).toBe("UTC");
  });
});

describeEachEngine("a company's time zone", (_engine, open) => {
  const fields = {
    company_name: "Acme",
    owner_name: "Ann",
    email: "ann@example.com",
    password: "a long quiet evening",
  };

  test.each([
    [{ time_zone: "Asia/Tokyo", phone: "+353861234567" }, "Asia/Tokyo"],
    [{ time_zone: "nowhere", phone: "+353861234567" }, "Europe/Dublin"],
    [{ time_zone: ["Asia/Tokyo"] }, "UTC"],
    [{}, "UTC"],
  ])("signing up with %j is in %s", async (said, zone) => {
    const db = await open();
    const result = await signUp(db, signUpFields.parse({ ...fields, ...said }));
    const company = result.outcome === "signed-up" ? result.company : undefined;
    expect(company?.timeZone).toBe(zone);
    const session = await findSession(db, await beginSession(db, company!.id));
    expect(session?.company.timeZone).toBe(zone);
  });

  test("follows its number until the company chooses one", async () => {
    const db = await open();
    const id = await insertCompany(db);
    const session = await beginSession(db, id);
    const zone = async () => (await findSession(db, session))?.company.timeZone;
    expect(await zone()).toBe("UTC");
    const [number] = (await fillPool(db, 1)) as [string];
    await assignPhoneNumber(db, id, number);
    expect(await zone()).toBe("Europe/Dublin");
    for (const said of ["Asia/Tokyo", "Europe/Paris"]) {
      await saveTimeZone(db, id, said);
      expect(await zone()).toBe(said);
    }
  });
});

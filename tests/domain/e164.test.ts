import { describe, expect, test } from "vitest";
import {
  asStored,
  callingCodeOf,
  countryOf,
  formatPhoneNumber,
  isPartOfNumber,
  parseE164,
  partOfNumber,
} from "#app/domain/e164.ts";

describe("a number as it is typed", () => {
  test.each([
    ["+353861234567", "+353861234567"],
    [" +353 86 123 4567 ", "+353861234567"],
    ["+353 (86) 123-4567", "+353861234567"],
    ["00353 86 123 4567", "+353861234567"],
    ["+353 (0)86 123 4567", "+353861234567"],
    ["+44 20 7946 0123", "+442079460123"],
    ["+1 (202) 555-0101", "+12025550101"],
    ["＋３５３８６１２３４５６７", "+353861234567"],
    ["\u200B+353\u206086\u00AD123\uFEFF4567\u200E", "+353861234567"],
    ["\u202A+353 86 123 4567\u202C", "+353861234567"],
    ["\u2068+353\u00A086\u202F123\u30004567\u2069", "+353861234567"],
    ["+353\u221286\u2012123\u20144567", "+353861234567"],
    ["(+353) 86 123 4567", "+353861234567"],
    ["+353 [86] 123 4567", "+353861234567"],
    ["（+353）［86］123／4567", "+353861234567"],
    ["tel:+353-86-123-4567", "+353861234567"],
    ["\u200E TEL: +353861234567", "+353861234567"],
    ["tel://+353861234567", "+353861234567"],
    ["+٣٥٣ ٨٦ ١٢٣ ٤٥٦٧", "+353861234567"],
    ["+۳۵۳ ۸۶ ۱۲۳ ۴۵۶۷", "+353861234567"],
    ["+३५३ ८६ १२३ ४५६७", "+353861234567"],
    ["٠٠٣٥٣٨٦١٢٣٤٥٦٧", "+353861234567"],
    ["(00353) 86 123 4567", "+353861234567"],
  ])("%j is kept as %s", (input, phoneNumber) => {
    expect(parseE164(input)).toMatchObject({ ok: true, phoneNumber });
  });

  test.each([
    ["", "is empty"],
    ["   ", "is empty"],
    ["+abc", "is not a phone number in international format"],
    ["hello", "is not a phone number in international format"],
    ["086 123 4567", "needs its country code"],
    ["+353861234567x", "is not a phone number in international format"],
    ["+", "is not a phone number in international format"],
    ["+1", "has too few digits"],
    ["+353 86", "has too few digits"],
    ["+3538612345678901", "has too many digits"],
    ["+99912345678", "has no known country code"],
    ["+49 30 1234567¹", "is not a phone number in international format"],
    ["+49 30 123456⁷", "is not a phone number in international format"],
    ["+49 30 123456①", "is not a phone number in international format"],
    ["+49 30 123456Ⅶ", "is not a phone number in international format"],
    ["+49 30 123456½", "is not a phone number in international format"],
    ["+353861234567;ext=12", "is not a phone number in international format"],
    ["+353 86 123 4567 +353861234568", "is not a phone number in international format"],
    ["tel:", "is empty"],
    ["\u200B", "is empty"],
    ["()", "is not a phone number in international format"],
    ["٠٨٦ ١٢٣ ٤٥٦٧", "needs its country code"],
    ["[086] 123−4567", "needs its country code"],
    ["+353861234567\u0000", "is not a phone number in international format"],
    [`+${"1".repeat(10_000)}`, "has too many digits"],
  ])("%j is refused: it %s", (input, reason) => {
    const parsed = parseE164(input);
    expect(parsed.ok).toBe(false);
    expect(parsed).toMatchObject({
      reason: expect.stringContaining(reason) as string,
    });
  });

  // The platform's own tables give the ten digits of each numbering system.
  const systems = Intl.supportedValuesOf("numberingSystem").filter((system) =>
    /^\p{Nd}{10}$/u.test(ten(system)),
  );
  test("the decimal digits of every script are digits", () => {
    expect(systems.length).toBeGreaterThan(60);
    for (const system of systems) expect(partOfNumber(ten(system)), system).toBe("1234567890");
  });

  test("one that is possible but not valid is accepted, and marked as such", () => {
    expect(parseE164("+1 000 000 0000")).toMatchObject({
      ok: true,
      valid: false,
    });
    expect(parseE164("+353861234567")).toMatchObject({ ok: true, valid: true });
  });
});

function ten(numberingSystem: string): string {
  return new Intl.NumberFormat("en", { numberingSystem, useGrouping: false }).format(1234567890);
}

test("what is typed to find a number is part of it, and words are ignored", () => {
  expect(partOfNumber("(086) 1\u200B23−4")).toBe("0861234");
  expect(partOfNumber("[+٣٥٣]")).toBe("+353");
  expect(partOfNumber("+353 (0)86")).toBe("+35386");
  expect(partOfNumber("ends in 86¹")).toBe("86");
  for (const none of ["", " ", "+", "abc", "¹"]) expect(partOfNumber(none)).toBe("");
  for (const some of ["", "(086) 1\u200B23−4", "+٣٥٣"]) expect(isPartOfNumber(some)).toBe(true);
  for (const more of ["86¹", "abc", "1+2", "%", "1_2", "1\u0000"]) {
    expect(isPartOfNumber(more)).toBe(false);
  }
});

test("a number is shown with spaces, and anything else as it is", () => {
  expect(formatPhoneNumber("+353861234567")).toBe("+353 86 123 4567");
  expect(formatPhoneNumber("+12025550101")).toBe("+1 202 555 0101");
  expect(formatPhoneNumber("+abc")).toBe("+abc");
});

test("a stored number can be found as typed or as stored", () => {
  expect(asStored("+353 86 123 4567")).toBe("+353861234567");
  expect(asStored("+99912345")).toBe("+99912345");
  expect(asStored("\u200Btel:+99912345\u200B")).toBe("+99912345");
  expect(asStored("+353 (0)86 123 4567")).toBe("+353861234567");
  expect(asStored("+353861234567¹")).toBeUndefined();
  expect(asStored("+abc")).toBeUndefined();
  expect(asStored("")).toBeUndefined();
});

test("countries and calling codes", () => {
  expect(callingCodeOf("ie")).toBe("353");
  expect(callingCodeOf("US")).toBe("1");
  expect(callingCodeOf("XX")).toBeUndefined();
  expect(countryOf("+14165550100")).toBe("CA");
  expect(countryOf("+12025550101")).toBe("US");
});

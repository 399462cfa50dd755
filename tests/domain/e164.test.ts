import { describe, expect, test } from "vitest";
import {
  asStored,
  callingCodeOf,
  countryOf,
  formatPhoneNumber,
  parseE164,
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
    ["+353861234567\u0000", "is not a phone number in international format"],
    [`+${"1".repeat(10_000)}`, "has too many digits"],
  ])("%j is refused: it %s", (input, reason) => {
    const parsed = parseE164(input);
    expect(parsed.ok).toBe(false);
    expect(parsed).toMatchObject({
      reason: expect.stringContaining(reason) as string,
    });
  });

  test("one that is possible but not valid is accepted, and told apart", () => {
    expect(parseE164("+1 000 000 0000")).toMatchObject({
      ok: true,
      valid: false,
    });
    expect(parseE164("+353861234567")).toMatchObject({ ok: true, valid: true });
  });
});

test("a number is shown with spaces, and what is none as it is", () => {
  expect(formatPhoneNumber("+353861234567")).toBe("+353 86 123 4567");
  expect(formatPhoneNumber("+12025550101")).toBe("+1 202 555 0101");
  expect(formatPhoneNumber("+abc")).toBe("+abc");
});

test("what is stored can be asked for, typed or as it is", () => {
  expect(asStored("+353 86 123 4567")).toBe("+353861234567");
  expect(asStored("+99912345")).toBe("+99912345");
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

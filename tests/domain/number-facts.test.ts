import { expect, test } from "vitest";
import { isMemorable, numberFacts } from "#app/domain/number-facts.ts";

test.each([
  ["+353861234567", "IE", "mobile"],
  ["+35312345678", "IE", "geographic"],
  ["+353761234567", "IE", "voip"],
  ["+3531800123456", "IE", "toll-free"],
  ["+3531550123456", "IE", "other"],
  ["+447400123456", "GB", "mobile"],
  ["+441614960123", "GB", "geographic"],
  ["+12125551234", "US", "geographic-or-mobile"],
  ["+14165551234", "CA", "geographic-or-mobile"],
  ["+18005551234", "US", "toll-free"],
  // No number in the country's plan begins like this.
  ["+35399999999999", "IE", "other"],
  // Numbers of no country, and in no plan.
  ["+80012345678", null, "toll-free"],
  ["+99912345671", null, "other"],
  ["+abc", null, "other"],
])("%s is of %s, %s", (number, country, kind) => {
  expect(numberFacts(number)).toMatchObject({ country, kind });
});

test.each([
  ["+353861230000", true],
  ["+353861237777", true],
  ["+353861231234", true],
  ["+353861237890", true],
  ["+353861234321", true],
  ["+353861230987", true],
  ["+353861234455", true],
  ["+353861234545", true],
  ["+353861862862", true],
  ["+353861234554", true],
  ["+353861123321", true],
  ["+353861239012", false],
  ["+353861230001", false],
  ["+353861240007", false],
  ["+353861234000", false],
  ["+353777712349", false],
  ["+353861235791", false],
  ["+123", false],
  ["", false],
])("whether %s is easy to remember: %s", (number, memorable) => {
  expect(isMemorable(number)).toBe(memorable);
  expect(numberFacts(number).memorable).toBe(memorable);
});

test("about one number in thirty is easy to remember", () => {
  let count = 0;
  for (let line = 0; line < 100_000; line++) {
    if (isMemorable(`+3538612${String(line).padStart(5, "0")}`)) count++;
  }
  expect(count / 100_000).toBeGreaterThan(0.025);
  expect(count / 100_000).toBeLessThan(0.04);
});

import { expect, test } from "vitest";
import { languageOfNumber } from "#app/domain/spoken-language.ts";

test.each([
  ["+353861234567", "en-IE"],
  ["+442079460001", "en-GB"],
  ["+12025550123", "en-US"],
  ["+18005550123", "en-US"],
  ["+4930123456", "de-DE"],
  ["+4312345678", "de-DE"],
  ["+33123456789", "fr-FR"],
  ["+34910123456", "es-ES"],
  ["+390612345678", "it-IT"],
  ["+31201234567", "nl-NL"],
  ["+48221234567", "pl-PL"],
  ["+351211234567", "pt-PT"],
  // Switzerland and Belgium speak several, Japan one that is not on the list.
  ["+41446681800", "en-GB"],
  ["+3225550123", "en-GB"],
  ["+81312345678", "en-GB"],
  ["sip:acme@example.com", "en-GB"],
  ["", "en-GB"],
  [null, "en-GB"],
])("callers of %s are spoken to in %s", (number, language) => {
  expect(languageOfNumber(number)).toBe(language);
});

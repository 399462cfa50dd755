import { targetFields } from "#app/domain/call-handling-form.server.ts";
import type { CallHandling } from "#app/domain/call-handling.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";

/** What the form of Call handling shows, and sends. */

const countryNames = new Intl.DisplayNames("en", { type: "region" });

/** The countries' names in English, in their order. @param countries ISO 3166-1 alpha-2 */
export function namesOf(countries: readonly string[]): string[] {
  return countries.map((code) => countryNames.of(code) ?? code).sort();
}

/** The fields whose values are shown again where the form was refused. */
export const shownAgain = [
  "greeting",
  "mode",
  ...Object.values(targetFields),
  "ring_seconds",
  "take_message",
];

/** What the form would send to say `handling`. */
export function fieldsOf({ mode, target, ...handling }: CallHandling) {
  const shown = mode === "phone" ? formatPhoneNumber(target ?? "") : target;
  return {
    greeting: handling.greeting,
    mode,
    ...(mode !== "message" && { [targetFields[mode]]: shown ?? "" }),
    ring_seconds: String(handling.ringSeconds),
    take_message: handling.takeMessage ? "on" : "",
  };
}

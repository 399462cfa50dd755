import { database } from "#app/db.server.ts";
import { dialCountries } from "#app/domain/call-targets.server.ts";
import type { CallHandling, NotRung } from "#app/domain/call-handling.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { spokenLanguages } from "#app/domain/spoken-language.ts";

/** Call handling in words: what it does, and why a setting is refused. */

const countryNames = new Intl.DisplayNames("en", { type: "region" });

/** The countries' names in English, in their order. @param countries ISO 3166-1 alpha-2 */
export function namesOf(countries: readonly string[]): string[] {
  return countries.map((code) => countryNames.of(code) ?? code).sort();
}

const languageNames = new Intl.DisplayNames("en", {
  type: "language",
  languageDisplay: "standard",
});

/**
 * The languages that callers can be spoken to in, with their English names, like “English
 * (Ireland)”.
 */
export const namedLanguages = spokenLanguages
  .map((tag) => [tag, languageNames.of(tag) ?? tag] as const)
  .toSorted(([, one], [, other]) => one.localeCompare(other));

const longestQuote = 90;

/**
 * What callers hear, step by step, and what happens to them then, worded to follow “Callers hear:”.
 * `“Good day.”, then ringing at +353 86 123 4567 for up to 20 seconds. If nobody answers, the call
 * ends.`
 */
export function callersHear({ greeting, mode, target, ringSeconds, takeMessage }: CallHandling) {
  const text = greeting.replaceAll(/\s+/g, " ").trim();
  const quote = text.length > longestQuote ? `${text.slice(0, longestQuote).trimEnd()}…` : text;
  const first = quote === "" ? "" : `“${quote}”, then `;
  if (mode === "message" || target === null) return `${first}a request to leave a message.`;
  const connected =
    mode === "stream"
      ? `your voice agent at ${new URL(target).host}`
      : `ringing at ${mode === "phone" ? formatPhoneNumber(target) : target} for up to ${ringSeconds} seconds`;
  const otherwise = mode === "stream" ? "If it cannot be reached" : "If nobody answers";
  return `${first}${connected}. ${otherwise}, ${takeMessage ? "they are asked for a message" : "the call ends"}.`;
}

/** Where calls go, in a few words. */
export function whereCallsGo({ mode, target }: CallHandling): string {
  if (mode === "message" || target === null) return "Callers leave a message";
  if (mode === "stream") return `Voice agent at ${new URL(target).host}`;
  return `Rings ${mode === "phone" ? formatPhoneNumber(target) : target}`;
}

/** Why call handling was not saved, for the person who typed where calls should go. */
export async function whyNotSaved(outcome: NotRung): Promise<string> {
  return outcome === "rings-the-pool"
    ? "This is one of the numbers that calls come in on, so it would ring itself. Enter another."
    : `Calls go to phones in these countries only: ${namesOf(await dialCountries(database())).join(", ")}.`;
}

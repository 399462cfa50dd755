import { countryOf } from "#app/domain/e164.ts";

/**
 * The languages that callers can be spoken to in: for the company's greeting, written in it, and
 * our own sentences. BCP 47 tags, with the country whose accent it is.
 */
export const spokenLanguages = [
  "en-GB",
  "en-IE",
  "en-US",
  "nl-NL",
  "fr-FR",
  "de-DE",
  "it-IT",
  "pl-PL",
  "pt-PT",
  "es-ES",
] as const;
export type SpokenLanguage = (typeof spokenLanguages)[number];

/** The language with that tag, or undefined if it is not among the {@link spokenLanguages}. */
export function asSpokenLanguage(tag: string | null): SpokenLanguage | undefined {
  return spokenLanguages.find((one) => one === tag);
}

/**
 * The language of countries where only one of these is spoken; in all others English is understood
 * best.
 */
const languageOfCountry: Record<string, SpokenLanguage> = {
  AT: "de-DE",
  DE: "de-DE",
  ES: "es-ES",
  FR: "fr-FR",
  IE: "en-IE",
  IT: "it-IT",
  LI: "de-DE",
  MC: "fr-FR",
  NL: "nl-NL",
  PL: "pl-PL",
  PT: "pt-PT",
  SM: "it-IT",
  VA: "it-IT",
};

/**
 * What the callers of a number most likely speak.
 * @param phoneNumber E.164, or whatever else was called
 */
export function languageOfNumber(phoneNumber: string | null): SpokenLanguage {
  const ofCountry = languageOfCountry[countryOf(phoneNumber ?? "") ?? ""];
  return ofCountry ?? (phoneNumber?.startsWith("+1") ? "en-US" : "en-GB");
}

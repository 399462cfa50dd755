import { countryOf } from "#app/domain/e164.ts";

/**
 * The languages that callers can be spoken to in: the company's greeting, which is written in it, and our own sentences.
 * BCP 47 tags, with the country whose accent it is.
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

/** The language of that tag, or undefined where it is none of {@link spokenLanguages}. */
export function asSpokenLanguage(tag: string | null): SpokenLanguage | undefined {
  return spokenLanguages.find((one) => one === tag);
}

/** What is spoken in countries that have one such language alone; English is understood best in all others. */
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

/** What the callers of a number most likely speak. @param phoneNumber E.164, or what else was called */
export function languageOfNumber(phoneNumber: string | null): SpokenLanguage {
  const ofCountry = languageOfCountry[countryOf(phoneNumber ?? "") ?? ""];
  return ofCountry ?? (phoneNumber?.startsWith("+1") ? "en-US" : "en-GB");
}

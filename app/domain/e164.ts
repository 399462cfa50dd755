import parseAnew, {
  getCountryCallingCode,
  isSupportedCountry,
  validatePhoneNumberLength,
  type CountryCode,
  type PhoneNumber,
} from "libphonenumber-js/max";
import { remember } from "#app/domain/remember.ts";

/**
 * Phone numbers as people type them, as they are stored (ITU-T E.164: `+` and at most 15 digits),
 * and as they are shown.
 */

/** What libphonenumber knows about a number in E.164. */
export const parsePhoneNumber: (number: string) => PhoneNumber | undefined = remember(
  (number) => parseAnew(number),
  2_000,
);

/** Whether `text` is a number in stored form, whether or not a numbering plan has it. */
export function isE164(text: string): boolean {
  return /^\+[1-9]\d{1,14}$/.test(text);
}

/** What {@link parseE164} makes of an input. */
export type ParsedNumber =
  | {
      ok: true;
      /** E.164, `+353861234567` */
      phoneNumber: string;
      /**
       * false if the number has a possible length but is in no numbering plan that libphonenumber
       * knows
       */
      valid: boolean;
    }
  | { ok: false; reason: string };

/**
 * What may stand around and between a number's digits without meaning anything: spaces, brackets,
 * dots, slashes, dashes. The minus sign (U+2212) and the like are listed, since Unicode does not
 * count them as dashes.
 */
const between = String.raw`[\s()\[\]（）［］./．／~～−ー\p{Pd}]`;
const allBetween = new RegExp(between, "gu");
const international = new RegExp(
  String.raw`^${between}*(?:\+|00)${between}*\d(?:\d|${between})*$`,
  "u",
);
const invisible = /\p{Default_Ignorable_Code_Point}/gu;

/** ٣ → 3. A superscript is not a decimal digit, and stays. */
function asAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  // In Unicode each script's ten digits stand together, 0 first; a few sets are adjacent.
  return String((code - zero) % 10);
}

/**
 * What was typed, with ASCII digits and plus sign, without `tel:` (RFC 3966) and invisible marks.
 */
function plain(input: string): string {
  return input
    .replace(/[^\x20-\x7e]/gu, (sign) =>
      /\p{Nd}/u.test(sign) ? asAsciiDigit(sign) : sign.replace(/[＋﹢]/u, "+"),
    )
    .replace(invisible, "")
    .trim()
    .replace(/^tel:/i, "")
    .trim();
}

/** Whether what was typed is only digits, a plus sign before them, and separators. */
export function isPartOfNumber(input: string): boolean {
  return /^\+?\d*$/.test(plain(input).replaceAll(allBetween, ""));
}

/**
 * Part of a number, as typed to find the whole: `(086) 1` → `0861`, `+353 (0)86` → `+35386`.
 * Words are ignored; without a digit the result is empty.
 */
export function partOfNumber(input: string): string {
  const text = plain(input);
  const digits = text.replace(/\D/g, "");
  return /^\D*\+\D*\d/.test(text) ? `+${text.replace("(0)", "").replace(/\D/g, "")}` : digits;
}

/**
 * Reads a number in international format. Decimal digits of any script are digits; spaces,
 * brackets, dots, dashes, invisible marks, `tel:` and a leading `00` are input only. Accepts what
 * libphonenumber calls possible.
 */
export function parseE164(input: string): ParsedNumber {
  const text = plain(input);
  if (text === "") return { ok: false, reason: "is empty" };
  if (!international.test(text)) {
    return {
      ok: false,
      reason:
        isPartOfNumber(text) && /^\D*\d/.test(text) && !text.includes("+")
          ? "needs its country code, like +353 86 123 4567"
          : "is not a phone number in international format, like +353 86 123 4567",
    };
  }
  const number = `+${text.replace(/\D/g, "").replace(/^00/, "")}`;
  const parsed = parsePhoneNumber(number);
  if (!parsed?.isPossible()) {
    return { ok: false, reason: notPossible(number) };
  }
  return { ok: true, phoneNumber: parsed.number, valid: parsed.isValid() };
}

function notPossible(number: string): string {
  switch (validatePhoneNumberLength(number)) {
    case "TOO_SHORT":
      return "has too few digits";
    case "TOO_LONG":
      return "has too many digits";
    case "INVALID_COUNTRY":
      return "has no known country code";
    default:
      return "has the wrong number of digits for its country";
  }
}

/** `+353861234567` → `+353 86 123 4567`; what cannot be parsed is returned as it is. */
export const formatPhoneNumber: (phoneNumber: string) => string = remember(
  (phoneNumber) => parsePhoneNumber(phoneNumber)?.formatInternational() ?? phoneNumber,
  2_000,
);

/** The ISO 3166-1 alpha-2 country of an E.164 number, if its plan names one. */
export function countryOf(phoneNumber: string): string | undefined {
  return parsePhoneNumber(phoneNumber)?.country;
}

/** `IE` → `353`; undefined for anything but a country with a calling code. */
export function callingCodeOf(country: string): string | undefined {
  const code = country.toUpperCase();
  return isSupportedCountry(code) ? getCountryCallingCode(code as CountryCode) : undefined;
}

/**
 * The E.164 text that a number would be stored as, or undefined for what cannot be a number. Text
 * in E.164 is looked up as it is, whether or not a numbering plan knows it.
 */
export function asStored(input: string): string | undefined {
  const text = plain(input);
  if (isE164(text)) return text;
  const parsed = parseE164(text);
  return parsed.ok ? parsed.phoneNumber : undefined;
}

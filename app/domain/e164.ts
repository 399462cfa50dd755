import parseAnew, {
  getCountryCallingCode,
  isSupportedCountry,
  validatePhoneNumberLength,
  type CountryCode,
  type PhoneNumber,
} from "libphonenumber-js/max";

/**
 * Phone numbers as people type them, as they are kept (ITU-T E.164: `+` and at most 15 digits), and as they are shown.
 */

// Of the numbers that a server shows and rings, most come again soon, and each costs 30 µs to read.
const recent = new Map<string, PhoneNumber | undefined>();
const mostRecent = 2_000;

function parsePhoneNumber(number: string): PhoneNumber | undefined {
  if (recent.has(number)) return recent.get(number);
  if (recent.size >= mostRecent) recent.clear();
  const parsed = parseAnew(number);
  recent.set(number, parsed);
  return parsed;
}

/** Whether `text` is a number as it is kept, in a numbering plan or not. */
export function isE164(text: string): boolean {
  return /^\+[1-9]\d{1,14}$/.test(text);
}

/** What {@link parseE164} makes of an input. */
export type ParsedNumber =
  | {
      ok: true;
      /** E.164, `+353861234567` */
      phoneNumber: string;
      /** false where the number has a possible length but is in no numbering plan that libphonenumber knows */
      valid: boolean;
    }
  | { ok: false; reason: string };

/**
 * Reads a number in international format; spaces, brackets, dots, dashes and a leading `00` are input only.
 * Accepts what libphonenumber calls possible.
 */
export function parseE164(input: string): ParsedNumber {
  const text = input.normalize("NFKC").trim();
  if (text === "") return { ok: false, reason: "is empty" };
  if (!/^(\+|00)[\d\s().\-/‐-―]+$/u.test(text)) {
    return {
      ok: false,
      reason: /^[\d\s().\-/]+$/.test(text)
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
export function formatPhoneNumber(phoneNumber: string): string {
  return parsePhoneNumber(phoneNumber)?.formatInternational() ?? phoneNumber;
}

/** The ISO 3166-1 alpha-2 country of an E.164 number, where its plan tells. */
export function countryOf(phoneNumber: string): string | undefined {
  return parsePhoneNumber(phoneNumber)?.country;
}

/** `IE` → `353`; undefined for what is no country with a calling code. */
export function callingCodeOf(country: string): string | undefined {
  const code = country.toUpperCase();
  return isSupportedCountry(code) ? getCountryCallingCode(code as CountryCode) : undefined;
}

/**
 * The E.164 text that a number somebody names would be stored as, or undefined for what can be no number.
 * What is in E.164 already is looked up as it is, whether or not a numbering plan knows it.
 */
export function asStored(input: string): string | undefined {
  const text = input.trim();
  if (isE164(text)) return text;
  const parsed = parseE164(text);
  return parsed.ok ? parsed.phoneNumber : undefined;
}

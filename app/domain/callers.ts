import { formatPhoneNumber, isE164, parsePhoneNumber } from "#app/domain/e164.ts";

/** Callers, as the network names them: a number, an address, or somebody who withholds both. */

// Words spelt on a telephone's keys: Twilio's documentation lists these for withheld numbers.
const keys = "22233344455566677778889999";
const withheldNumbers = new Set(
  ["ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN"].map(
    (word) => `+${word.replaceAll(/./g, (letter) => keys.charAt(letter.charCodeAt(0) - 65))}`,
  ),
);
const withheldWords =
  /^(sips?:)?\+?"?(anonymous|blocked|private|restricted|unavailable|unknown|withheld)(?=$|[@"\s])/i;

/**
 * Whether `from`, E.164 or whatever else the network says, stands for a caller who withholds the
 * number.
 */
export function isWithheld(from: string): boolean {
  const text = from.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  const user = /^sips?:([^@;]*)/i.exec(text)?.[1] ?? text;
  return user === "" || withheldNumbers.has(user) || withheldWords.test(text);
}

/**
 * Whether a call that is passed on may show `from` as its caller: it must be a number that could be
 * called back. Twilio refuses anything that is not a number, and destinations refuse the stand-ins
 * for a withheld one (error 13214).
 */
export function mayBeCallerId(from: string): boolean {
  return isE164(from) && !isWithheld(from) && parsePhoneNumber(from)?.isPossible() === true;
}

/**
 * The caller, for places where no text of the caller's own may appear: a number, or what kind of
 * caller it is.
 */
export function namedCaller(from: string): string {
  if (isWithheld(from)) return "a withheld number";
  return isE164(from) ? formatPhoneNumber(from) : "a SIP address";
}

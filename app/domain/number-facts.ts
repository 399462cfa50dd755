import { parsePhoneNumber } from "#app/domain/e164.ts";
import { remember } from "#app/domain/remember.ts";

/**
 * What a number reveals about itself: worked out once, when it enters the pool, and stored with it.
 */

/** What kind of number it is, as far as its country's numbering plan says. */
export const numberKinds = [
  "mobile",
  "geographic",
  /** North America's plan does not tell the two apart */
  "geographic-or-mobile",
  "toll-free",
  "voip",
  "other",
] as const;
export type NumberKind = (typeof numberKinds)[number];

/** What is kept with a number of the pool. */
export interface NumberFacts {
  /** ISO 3166-1 alpha-2; null if no country's plan has the number */
  country: string | null;
  kind: NumberKind;
  memorable: boolean;
}

const kindOfType: Readonly<Record<string, NumberKind>> = {
  MOBILE: "mobile",
  FIXED_LINE: "geographic",
  FIXED_LINE_OR_MOBILE: "geographic-or-mobile",
  TOLL_FREE: "toll-free",
  VOIP: "voip",
};

/** @param phoneNumber in E.164; if it is not a number, or in no plan, the kind is `other` */
export const numberFacts: (phoneNumber: string) => NumberFacts = remember((phoneNumber) => {
  const parsed = parsePhoneNumber(phoneNumber);
  return {
    country: parsed?.country ?? null,
    kind: kindOfType[parsed?.getType() ?? ""] ?? "other",
    memorable: isMemorable(phoneNumber),
  };
}, 2_000);

/**
 * Whether a number (E.164) is easy to remember by how it ends: about one in thirty is.
 *
 * | ends in                              | like             |
 * | ------------------------------------ | ---------------- |
 * | one digit, four times                | 0000, 7777       |
 * | four that go up or down              | 1234, 7890, 4321 |
 * | two pairs, or one pair twice         | 4455, 4545       |
 * | three digits twice                   | 862862           |
 * | four or six that read the same back  | 4554, 123321     |
 */
export function isMemorable(phoneNumber: string): boolean {
  const lastFour = phoneNumber.slice(-4);
  return (
    memorableEnd.test(phoneNumber) ||
    (lastFour.length === 4 && runs.some((run) => run.includes(lastFour)))
  );
}

const runs = ["01234567890", "09876543210"];
// One digit four times is one pair twice.
const memorableEnd = /(?:(\d)\1(\d)\2|(\d\d)\3|(\d{3})\4|(\d)(\d)\6\5|(\d)(\d)(\d)\9\8\7)$/;

import type {
  TwilioAccount,
  TwilioFailure,
  TwilioNumber,
  UnreadableEntry,
} from "#app/twilio/account.server.ts";

/** What the account owns, as surely as it can be known: what is missing from one listing may only have moved on. */
export interface Owned {
  ok: true;
  /** by number, E.164 */
  owned: Map<string, TwilioNumber>;
  unreadable: UnreadableEntry[];
  /** of the numbers asked for: those in neither of two complete listings */
  gone: Set<string>;
  /** the account has none of several numbers asked for: it is most likely another account */
  ownsNone: boolean;
}

/**
 * Lists the account's numbers, and lists them again if one of `wanted` is missing.
 * @returns a failure if either listing is incomplete; nothing counts as gone then
 */
export async function ownedNumbers(
  account: TwilioAccount,
  wanted: readonly string[],
): Promise<Owned | TwilioFailure> {
  const first = await account.listNumbers();
  if (!first.ok) return first;
  const owned = new Map(first.numbers.map((number) => [number.phoneNumber, number]));
  const unreadable = new Map(first.unreadable.map((entry) => [entry.name, entry]));
  const missing = () => wanted.filter((number) => !owned.has(number) && !unreadable.has(number));
  if (missing().length > 0) {
    const second = await account.listNumbers();
    if (!second.ok) return second;
    for (const number of second.numbers) owned.set(number.phoneNumber, number);
    for (const entry of second.unreadable) unreadable.set(entry.name, entry);
  }
  const left = missing();
  const ownsNone = wanted.length > 1 && left.length === wanted.length;
  // An entry without a number may be any of them.
  const isSure = !ownsNone && [...unreadable.values()].every(({ isNumber }) => isNumber);
  return {
    ok: true,
    owned,
    unreadable: [...unreadable.values()],
    gone: new Set(isSure ? left : []),
    ownsNone,
  };
}

import { environment } from "#app/env.server.ts";
import { Counter, TooManyAttemptsError } from "#app/http/counter.server.ts";
import { networksOf } from "#app/ip-address.ts";

export { TooManyAttemptsError };

/**
 * How often something may be tried: counted by all processes together (counter.server.ts), before
 * it is done, so that even a thousand at once are counted. An IPv6 client is its /64, and once more
 * its /48.
 *
 * Sign-ins: a wrong one costs four times as much as a right one, since a company's people may sign
 * in together. A browser that has signed in to the account before is counted on its own, so that
 * guessing cannot lock the owner out (OWASP, "Slow Down Online Guessing Attacks with Device
 * Cookies"); and on a new browser a network's first tries are let through, whatever others have
 * spent.
 */

const wrong = 4;
const right = 1;

const quarterHour = 15 * 60;
const hour = 60 * 60;

const signIns = (name: string, tries: number) =>
  new Counter(name, { points: tries * wrong, seconds: quarterHour });

const tries = {
  byWideNetwork: signIns("w", 200),
  byNetwork: signIns("n", 100),
  byAccountAndWideNetwork: signIns("aw", 30),
  byAccountAndNetwork: signIns("an", 10),
  byAccount: signIns("a", 50),
  byDevice: signIns("d", 10),
  byAccountOfDevices: signIns("ad", 100),
};

/** How many tries a network has at an account regardless of what others have spent. */
const freshTries = 3;

const signUps = {
  byNetwork: new Counter("sn", { points: 300, seconds: hour }),
  byWideNetwork: new Counter("sw", { points: 600, seconds: hour }),
};

const recoveries = {
  byNetwork: new Counter("rn", { points: 20, seconds: quarterHour }),
  byWideNetwork: new Counter("rw", { points: 60, seconds: quarterHour }),
};

const mails = new Counter("m", { points: 10, seconds: hour });

const tokenRequests = new Counter("t", { points: 600, seconds: 60 });

const limited = () => environment().RATE_LIMITS === "on";

export interface SignInAttempt {
  /** lower-cased email */
  account: string;
  address: string;
  /** id of a browser that has signed in to this account before */
  knownDevice: string | undefined;
}

type Count = [counter: Counter, key: string];

// The narrow ones first, so that a client refused there spends nothing of its neighbours'
// allowance.
function countsOf({ account, address, knownDevice }: SignInAttempt): Count[] {
  if (knownDevice !== undefined) {
    return [
      [tries.byDevice, `${knownDevice} ${account}`],
      [tries.byAccountOfDevices, account],
    ];
  }
  const [narrow, wide] = networksOf(address);
  return [
    [tries.byNetwork, narrow],
    ...countOf(tries.byWideNetwork, wide),
    [tries.byAccountAndNetwork, `${account} ${narrow}`],
    ...countOf(tries.byAccountAndWideNetwork, wide && `${account} ${wide}`),
    [tries.byAccount, account],
  ];
}

const countOf = (counter: Counter, key: string | undefined): Count[] =>
  key === undefined ? [] : [[counter, key]];

/**
 * Counts a sign-in as wrong until {@link signInWasRight}.
 * @throws {TooManyAttemptsError}
 */
export async function countSignIn(attempt: SignInAttempt): Promise<void> {
  if (!limited()) return;
  let spentFromHere = 0;
  for (const [counter, key] of countsOf(attempt)) {
    try {
      const spent = await counter.spend(key, wrong);
      if (counter === tries.byAccountAndNetwork) spentFromHere = spent;
    } catch (error) {
      if (counter !== tries.byAccount || spentFromHere > freshTries * wrong) throw error;
    }
  }
}

/** The password was right: the try counts for less. */
export async function signInWasRight(attempt: SignInAttempt): Promise<void> {
  await giveBack(attempt, wrong - right);
}

/** The password was not checked, so it does not count as a try. */
export async function signInWasNone(attempt: SignInAttempt): Promise<void> {
  await giveBack(attempt, wrong);
}

async function giveBack(attempt: SignInAttempt, points: number): Promise<void> {
  if (!limited()) return;
  await Promise.all(countsOf(attempt).map(([counter, key]) => counter.giveBack(key, points)));
}

/** @throws {TooManyAttemptsError} */
export function countSignUp(address: string): Promise<void> {
  return countByNetwork(signUps, address);
}

/**
 * Counts a try to win an account back, by code or by mail.
 * @throws {TooManyAttemptsError}
 */
export function countRecovery(address: string): Promise<void> {
  return countByNetwork(recoveries, address);
}

/**
 * Counts a mail that a company has sent to an address, perhaps somebody else's: nobody's mailbox is
 * filled, whoever asks.
 * @param address the asking client's
 * @throws {TooManyAttemptsError}
 */
export async function countMailTo(email: string, address: string): Promise<void> {
  await countRecovery(address);
  if (limited()) await mails.spend(email);
}

/**
 * Counts a request that an API token authorises.
 * @throws {TooManyAttemptsError}
 */
export async function countTokenRequest(tokenId: number | string): Promise<void> {
  if (limited()) await tokenRequests.spend(String(tokenId));
}

async function countByNetwork(
  counters: { byNetwork: Counter; byWideNetwork: Counter },
  address: string,
): Promise<void> {
  if (!limited()) return;
  const [narrow, wide] = networksOf(address);
  await counters.byNetwork.spend(narrow);
  if (wide !== undefined) await counters.byWideNetwork.spend(wide);
}

import { RateLimiterMemory } from "rate-limiter-flexible";
import { environment } from "#app/env.server.ts";

/**
 * Guessing is slowed down by account and by address; a browser that has signed in to the account before is counted
 * on its own, so that whoever guesses cannot lock the owner out (OWASP, "Slow Down Online Guessing Attacks with
 * Device Cookies"). Counts are kept in each process: N processes allow N times as much.
 */

const quarterHour = 15 * 60;

const guesses = {
  byDevice: new RateLimiterMemory({
    keyPrefix: "d",
    points: 10,
    duration: quarterHour,
  }),
  byAccountAndAddress: new RateLimiterMemory({
    keyPrefix: "aa",
    points: 10,
    duration: quarterHour,
  }),
  byAccount: new RateLimiterMemory({
    keyPrefix: "a",
    points: 50,
    duration: quarterHour,
  }),
  byAddress: new RateLimiterMemory({
    keyPrefix: "i",
    points: 100,
    duration: quarterHour,
  }),
};

const signUps = new RateLimiterMemory({
  keyPrefix: "s",
  points: 300,
  duration: 60 * 60,
});

/** Tries to win an account back. Codes cannot be guessed; this keeps the audit trail and mailboxes from being filled. */
const recoveries = new RateLimiterMemory({
  keyPrefix: "r",
  points: 30,
  duration: quarterHour,
});

export class TooManyAttemptsError extends Error {
  override name = "TooManyAttemptsError";
  /** @param retryAfter seconds */
  constructor(readonly retryAfter: number) {
    super("too many attempts");
  }
}

export interface SignInAttempt {
  /** lower-cased email */
  account: string;
  address: string;
  /** id of a browser that has signed in to this account before */
  knownDevice: string | undefined;
}

async function spend(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    const wait = (refused as { msBeforeNext?: number }).msBeforeNext;
    if (wait === undefined) throw refused;
    throw new TooManyAttemptsError(Math.ceil(wait / 1000));
  }
}

function counters(attempt: SignInAttempt): [RateLimiterMemory, string][] {
  return attempt.knownDevice !== undefined
    ? [[guesses.byDevice, `${attempt.knownDevice} ${attempt.account}`]]
    : [
        [guesses.byAccountAndAddress, `${attempt.account} ${attempt.address}`],
        [guesses.byAccount, attempt.account],
        [guesses.byAddress, attempt.address],
      ];
}

/**
 * Counts a sign-in before it is checked, so that a thousand at once are counted too.
 * @throws {TooManyAttemptsError}
 */
export async function countSignIn(attempt: SignInAttempt): Promise<void> {
  if (environment().RATE_LIMITS === "off") return;
  for (const [limiter, key] of counters(attempt)) await spend(limiter, key);
}

/** Takes a count back: the password was right. */
export async function forgiveSignIn(attempt: SignInAttempt): Promise<void> {
  if (environment().RATE_LIMITS === "off") return;
  for (const [limiter, key] of counters(attempt)) await limiter.reward(key);
}

/** @throws {TooManyAttemptsError} */
export async function countSignUp(address: string): Promise<void> {
  if (environment().RATE_LIMITS === "on") await spend(signUps, address);
}

/** @throws {TooManyAttemptsError} */
export async function countRecovery(address: string): Promise<void> {
  if (environment().RATE_LIMITS === "on") await spend(recoveries, address);
}

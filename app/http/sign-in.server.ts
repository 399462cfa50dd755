import type { Cookie } from "@remix-run/node";
import { Strategy } from "remix-auth/strategy";
import { database, reading } from "#app/db.server.ts";
import type { By } from "#app/domain/audit.server.ts";
import { foldedEmail } from "#app/domain/adopted-emails.server.ts";
import {
  isPasswordOf,
  signIn,
  signUp,
  type Company,
  type Proven,
  type SignUp,
} from "#app/domain/companies.server.ts";
import { introduceDevice, isKnownDevice } from "#app/domain/devices.server.ts";
import { inTurn, lanesOf } from "#app/domain/passwords.server.ts";
import { AccountChangedError } from "#app/domain/sessions.server.ts";
import { noteSignIn } from "#app/log/events.server.ts";
import { hostCookie } from "#app/http/own-cookie.server.ts";
import {
  countSignIn,
  countSignUp,
  signInWasNone,
  signInWasRight,
  TooManyAttemptsError,
  type SignInAttempt,
} from "#app/http/rate-limits.server.ts";
import { environment } from "#app/env.server.ts";
import { by } from "#app/http/by.server.ts";
import { beginSessionFor } from "#app/http/session.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** The wording is the same for an unknown email and a wrong password. */
export class SignInError extends Error {
  override name = "SignInError";
  constructor() {
    super("Email or password is incorrect");
  }
}

/** The password was right, and the account is frozen. */
export class AccountFrozenError extends Error {
  override name = "AccountFrozenError";
  constructor() {
    const { SUPPORT_EMAIL } = environment();
    super(
      `This account is closed for now. ${SUPPORT_EMAIL ? `Write to ${SUPPORT_EMAIL}` : "Ask whoever runs this service"}`,
    );
  }
}

interface Credentials {
  who: By;
  email: string;
  password: string;
  attempt: SignInAttempt;
}

/**
 * remix-auth's strategy, for credentials already read from a form or from JSON. Its Authenticator
 * would copy the request, body and all.
 */
class PasswordStrategy extends Strategy<Proven, Credentials> {
  override name = "password";
  constructor(private readonly credentials: Credentials) {
    super(verify);
  }
  override authenticate(): Promise<Proven> {
    return this.verify(this.credentials);
  }
}

async function verify({ email, password, attempt, who }: Credentials): Promise<Proven> {
  await countSignIn(attempt);
  const proven = await signIn(database(), email, password, who).catch(async (error: unknown) => {
    await signInWasNone(attempt);
    throw error;
  });
  if (!proven) throw new SignInError();
  await signInWasRight(attempt);
  if (proven === "frozen") throw new AccountFrozenError();
  return proven;
}

/**
 * Checks an email and a password and signs in.
 * @returns the company and the `Set-Cookie` headers
 * @throws {SignInError} if they do not open an account
 * @throws {AccountFrozenError}
 * @throws {TooManyAttemptsError}
 * @throws {PasswordsBusyError}
 */
export async function signInWith(asked: Asked, email: string, password: string): Promise<SignedUp> {
  try {
    return await inTurnOf(asked, email, async () => {
      const proven = await new PasswordStrategy({
        email,
        password,
        attempt: await attemptOf(asked, email),
        who: by(asked, "visitor"),
      }).authenticate();
      return await begin(asked, proven);
    });
  } catch (error) {
    if (error instanceof SignInError || error instanceof AccountFrozenError) {
      noteSignIn(asked, "refused");
    }
    if (error instanceof TooManyAttemptsError) noteSignIn(asked, "throttled");
    throw error;
  }
}

/** A company that has just signed in, and the `Set-Cookie` headers that say so. */
interface SignedUp {
  company: Company;
  headers: Headers;
}

/**
 * Makes an account and signs in, both or neither, so that nobody has an account although the form
 * failed. If the answer was lost, sending the form again, with the same email and password, signs
 * in; such tries count as sign-ins.
 * @returns undefined if the email is another account's
 * @throws {TooManyAttemptsError}
 * @throws {PasswordsBusyError}
 */
export async function signUpWith(asked: Asked, fields: SignUp): Promise<SignedUp | undefined> {
  const signedUp = await inTurnOf(asked, fields.email, async () => {
    await countSignUp(exchangeOf(asked.context).address);
    let cookie = "";
    const who = by(asked, "visitor");
    const result = await signUp(database(), fields, who, async (transaction, id, passwordHash) => {
      cookie = await beginSessionFor(asked, id, passwordHash, transaction);
    });
    if (result.outcome === "email-taken") return undefined;
    return begun(asked, result, "signed-up", cookie);
  });
  return signedUp ?? signInAgain(asked, fields);
}

async function signInAgain(
  asked: Asked,
  { email, password }: SignUp,
): Promise<SignedUp | undefined> {
  try {
    return await signInWith(asked, email, password);
  } catch (error) {
    const isAnothers = [SignInError, AccountFrozenError, TooManyAttemptsError].some(
      (kind) => error instanceof kind,
    );
    if (isAnothers) return undefined;
    throw error;
  }
}

function inTurnOf<T>({ context }: Asked, email: string, work: () => Promise<T>): Promise<T> {
  return inTurn(lanesOf(foldedEmail(email), exchangeOf(context).address), work);
}

/**
 * Proves that the signed-in visitor knows the password, before anything that only the owner may do.
 * Tries count as sign-ins.
 * @returns the error for the password's field, if it is wrong
 * @throws {TooManyAttemptsError}
 */
export async function ownPasswordError(
  asked: Asked,
  { id, email }: Pick<Company, "id" | "email">,
  password: string,
): Promise<string | undefined> {
  if (password === "") return "Enter your password.";
  return inTurnOf(asked, email, async () => {
    const attempt = await attemptOf(asked, email);
    await countSignIn(attempt);
    if (!(await isPasswordOf(database(), id, password))) return "That is not your password.";
    await signInWasRight(attempt);
    return undefined;
  });
}

async function begin(asked: Asked, proven: Proven): Promise<SignedUp> {
  try {
    const cookie = await beginSessionFor(asked, proven.company.id, proven.passwordHash);
    return await begun(asked, proven, "signed-in", cookie);
  } catch (error) {
    // The password has changed meanwhile, or the account has been closed; the next try will be told
    // which.
    throw error instanceof AccountChangedError ? new SignInError() : error;
  }
}

async function begun(
  asked: Asked,
  { company, passwordHash }: Proven,
  how: "signed-up" | "signed-in",
  sessionCookie: string,
): Promise<SignedUp> {
  exchangeOf(asked.context).companyId = company.id;
  noteSignIn(asked, how, company.id);
  const headers = new Headers([["Set-Cookie", sessionCookie]]);
  headers.append("Set-Cookie", await knownDevice(passwordHash));
  return { company, headers };
}

/**
 * The `Set-Cookie` value that makes a browser known to a company, which has just proved its
 * password or set one.
 */
export function knownDevice(passwordHash: string): Promise<string> {
  return deviceCookie().serialize(introduceDevice(passwordHash));
}

let cookie: Cookie | undefined;

const deviceCookie = () => (cookie ??= hostCookie("device", 365 * 24 * 60 * 60));

async function attemptOf({ request, context }: Asked, email: string): Promise<SignInAttempt> {
  const account = foldedEmail(email).slice(0, 255);
  const kept: unknown = await deviceCookie().parse(request.headers.get("Cookie"));
  const { device, proof } = (kept ?? {}) as Record<string, unknown>;
  const isKnown =
    typeof device === "string" &&
    typeof proof === "string" &&
    (await isKnownDevice(reading(), account, { device, proof }));
  return {
    account,
    address: exchangeOf(context).address,
    knownDevice: isKnown ? device : undefined,
  };
}

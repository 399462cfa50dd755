import { redirect } from "@remix-run/node";
import type { Knex } from "knex";
import { database, reading } from "#app/db.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import {
  beginSession,
  endSession,
  extendSession,
  findSession,
  sessionIdle,
  type SeenBy,
} from "#app/domain/sessions.server.ts";
import { by } from "#app/http/by.server.ts";
import { environment } from "#app/env.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { challenge } from "#app/http/bearer.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/**
 * The company that is signed in, and the `Set-Cookie` that keeps a used session alive in the
 * browser, when due.
 */
export interface SignedIn {
  company: Company;
  /** messages nobody has listened to */
  unheard: number;
  /**
   * since when the company's number has been missing from the Twilio account, if it is; RFC 3339
   */
  numberGoneSince: string | null;
  setCookie: string | undefined;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    /** looked up once per request, however many loaders ask */
    signedIn?: Promise<SignedIn | undefined>;
  }
}

const isHttps = () => environment().PUBLIC_URL.startsWith("https:");

/** @param maxAge seconds; 0 takes the cookie away */
function sessionCookie(id: string, maxAge = sessionIdle): string {
  const [name, secure] = isHttps() ? ["__Host-session", "; Secure"] : ["session", ""];
  return `${name}=${id}; Max-Age=${maxAge}; Path=/; HttpOnly${secure}; SameSite=Lax`;
}

const inCookies = {
  plain: /(?:^|;)\s*session="?([^;"]*)/,
  secure: /(?:^|;)\s*__Host-session="?([^;"]*)/,
};

/** The id of the session that a request came with, open or not. */
export function sessionId({ request }: Asked): string | undefined {
  const pattern = isHttps() ? inCookies.secure : inCookies.plain;
  const value = pattern.exec(request.headers.get("Cookie") ?? "")?.[1] ?? "";
  if (/^[\w-]{43}$/.test(value)) return value;
  // Version 1.0 wrote the id as JSON in base64, with a signature behind it.
  const [wrapped = ""] = value.replace(/%2[bf]/gi, decodeURIComponent).split(/\.|%2e/i, 1);
  return /^"([\w-]{43})"$/.exec(Buffer.from(wrapped, "base64").toString("latin1"))?.[1];
}

function seenBy(asked: Asked): SeenBy {
  return { ...by(asked), userAgent: asked.request.headers.get("User-Agent") };
}

/** The company that is signed in, or undefined. */
export function signedIn(asked: Asked): Promise<SignedIn | undefined> {
  return (asked.context.signedIn ??= findSignedIn(asked));
}

async function findSignedIn(asked: Asked): Promise<SignedIn | undefined> {
  const id = sessionId(asked);
  if (id === undefined) return undefined;
  const session = await findSession(reading(), id);
  if (!session) return undefined;
  const { company, unheard, numberGoneSince, stale } = session;
  exchangeOf(asked.context).companyId = company.id;
  const extended = stale && (await extendSession(database(), id, new Date(), seenBy(asked)));
  return {
    company,
    unheard,
    numberGoneSince,
    setCookie: extended ? sessionCookie(id) : undefined,
  };
}

/**
 * The company that is signed in. A visitor to a page who is not is sent to sign in and comes back;
 * one who sent a form was signed in once, and is told what happened.
 * @param keep the headers that make the browser keep what was typed until then
 */
export async function requireCompany(
  asked: Asked,
  keep?: () => Promise<Record<string, string>>,
): Promise<Company> {
  const session = await signedIn(asked);
  if (session) return session.company;
  const { method, url } = asked.request;
  const { pathname, search } = new URL(url);
  const back = new URLSearchParams({ redirectTo: pathname + search });
  if (method !== "GET") back.set("signed-out", "1");
  throw redirect(`/login?${back.toString()}`, { headers: await keep?.() });
}

/** The company that is signed in, or a thrown JSON 401. */
export async function requireCompanyForApi(asked: Asked): Promise<Company> {
  const session = await signedIn(asked);
  if (session) return session.company;
  throw jsonError("not_authenticated", { headers: challenge() });
}

/**
 * Signs a company in: begins a new session and ends the one that the request came with.
 * @param passwordHash the hash that its password was checked against
 * @param db the transaction that it is to be part of, if any
 * @returns the `Set-Cookie` value
 * @throws {AccountChangedError}
 */
export async function beginSessionFor(
  asked: Asked,
  companyId: number,
  passwordHash: string,
  db: Knex = database(),
): Promise<string> {
  await end(asked, db);
  const by = seenBy(asked);
  return sessionCookie(await beginSession(db, companyId, new Date(), by, passwordHash));
}

/**
 * Signs out: the session is dead everywhere, wherever its cookie may have been copied.
 * @returns the `Set-Cookie` value
 */
export async function endSessionOf(asked: Asked): Promise<string> {
  await end(asked);
  return sessionCookie("", 0);
}

async function end(asked: Asked, db = database()): Promise<void> {
  const id = sessionId(asked);
  if (id !== undefined) await endSession(db, id, by(asked));
  delete asked.context.signedIn;
}

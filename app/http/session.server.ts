import { createCookie, redirect, type Cookie } from "@remix-run/node";
import { database, reading } from "#app/db.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import {
  beginSession,
  endSession,
  extendSession,
  findSession,
  sessionIdle,
} from "#app/domain/sessions.server.ts";
import { environment } from "#app/env.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { challenge } from "#app/http/bearer.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** Whoever is signed in, and the `Set-Cookie` that keeps a used session alive in the browser, where one is due. */
export interface SignedIn {
  company: Company;
  setCookie: string | undefined;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    /** looked up once a request, however many loaders ask */
    signedIn?: Promise<SignedIn | undefined>;
  }
}

let cookie: Cookie | undefined;

/** Version 1.0 signed its cookies; what comes before the signature is still good. */
const unsigned = (text: string) => decodeURIComponent(text).split(".", 1)[0]!;

function sessionCookie(): Cookie {
  const secure = environment().PUBLIC_URL.startsWith("https:");
  cookie ??= createCookie(secure ? "__Host-session" : "session", {
    httpOnly: true,
    maxAge: sessionIdle,
    path: "/",
    sameSite: "lax",
    secure,
  });
  return cookie;
}

async function sessionId({ request }: Asked): Promise<string | undefined> {
  const value: unknown = await sessionCookie().parse(request.headers.get("Cookie"), {
    decode: unsigned,
  });
  return typeof value === "string" && /^[\w-]{43}$/.test(value) ? value : undefined;
}

/** Whoever is signed in, or undefined. */
export function signedIn(asked: Asked): Promise<SignedIn | undefined> {
  return (asked.context.signedIn ??= findSignedIn(asked));
}

async function findSignedIn(asked: Asked): Promise<SignedIn | undefined> {
  const id = await sessionId(asked);
  if (id === undefined) return undefined;
  const session = await findSession(reading(), id);
  if (!session) return undefined;
  const { company, stale } = session;
  exchangeOf(asked.context).companyId = company.id;
  const extended = stale && (await extendSession(database(), id));
  return {
    company,
    setCookie: extended ? await sessionCookie().serialize(id) : undefined,
  };
}

/**
 * The company that is signed in; a page's visitor who is not goes to sign in and comes back. Whoever sent a form was
 * signed in once, and is told what happened.
 * @param keep the headers that have the browser keep what was typed meanwhile
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
 * Signs a company in: a new session, and the one that the request came with is over.
 * @returns the `Set-Cookie` value
 */
export async function beginSessionFor(asked: Asked, companyId: number): Promise<string> {
  await end(asked);
  return sessionCookie().serialize(await beginSession(database(), companyId));
}

/**
 * Signs out: the session is dead everywhere, also where its cookie was copied to.
 * @returns the `Set-Cookie` value
 */
export async function endSessionOf(asked: Asked): Promise<string> {
  await end(asked);
  return sessionCookie().serialize("", { maxAge: 0 });
}

async function end(asked: Asked): Promise<void> {
  const id = await sessionId(asked);
  if (id !== undefined) await endSession(database(), id);
  delete asked.context.signedIn;
}

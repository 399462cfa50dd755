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
import { jsonError } from "#app/http/json.server.ts";
import { noteCompany } from "#app/http/request-log.server.ts";

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

async function sessionId(request: Request): Promise<string | undefined> {
  const value: unknown = await sessionCookie().parse(
    request.headers.get("Cookie"),
    { decode: unsigned },
  );
  return typeof value === "string" && /^[\w-]{43}$/.test(value)
    ? value
    : undefined;
}

/** Whoever is signed in, and the `Set-Cookie` that keeps a used session alive in the browser, where one is due. */
export async function signedIn(
  request: Request,
): Promise<{ company: Company; setCookie: string | undefined } | undefined> {
  const id = await sessionId(request);
  if (id === undefined) return undefined;
  const session = await findSession(reading(), id);
  if (!session) return undefined;
  const { company, stale } = session;
  noteCompany(request, company.id);
  const extended = stale && (await extendSession(database(), id));
  return {
    company,
    setCookie: extended ? await sessionCookie().serialize(id) : undefined,
  };
}

/** The company that is signed in; a page's visitor who is not goes to sign in and comes back. */
export async function requireCompany(request: Request): Promise<Company> {
  const session = await signedIn(request);
  if (session) return session.company;
  const { pathname, search } = new URL(request.url);
  // An action's path may have no page to come back to, so only what was looked at is kept.
  const back =
    request.method === "GET"
      ? `?redirectTo=${encodeURIComponent(pathname + search)}`
      : "";
  throw redirect(`/login${back}`);
}

/** The company that is signed in, or a thrown JSON 401. */
export async function requireCompanyForApi(request: Request): Promise<Company> {
  const session = await signedIn(request);
  if (session) return session.company;
  throw jsonError(401, "Not authenticated");
}

/**
 * Signs a company in: a new session, and the one that the request came with is over.
 * @returns the `Set-Cookie` value
 */
export async function beginSessionFor(
  request: Request,
  companyId: number,
): Promise<string> {
  const old = await sessionId(request);
  if (old !== undefined) await endSession(database(), old);
  return sessionCookie().serialize(await beginSession(database(), companyId));
}

/**
 * Signs out: the session is dead everywhere, also where its cookie was copied to.
 * @returns the `Set-Cookie` value
 */
export async function endSessionOf(request: Request): Promise<string> {
  const id = await sessionId(request);
  if (id !== undefined) await endSession(database(), id);
  return sessionCookie().serialize("", { maxAge: 0 });
}

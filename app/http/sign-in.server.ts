import { createCookie, type Cookie } from "@remix-run/node";
import { Authenticator } from "remix-auth";
import { FormStrategy } from "remix-auth-form";
import { database, reading } from "#app/db.server.ts";
import { signIn, type Company } from "#app/domain/companies.server.ts";
import { introduceDevice, isKnownDevice } from "#app/domain/devices.server.ts";
import { environment } from "#app/env.server.ts";
import { noteSignIn } from "#app/http/audit-log.server.ts";
import {
  countSignIn,
  forgiveSignIn,
  TooManyAttemptsError,
  type SignInAttempt,
} from "#app/http/rate-limits.server.ts";
import { noteCompany } from "#app/http/request-log.server.ts";
import { beginSessionFor } from "#app/http/session.server.ts";

/** The words are the same for an email that is unknown and a password that is wrong. */
export class SignInError extends Error {
  override name = "SignInError";
  constructor() {
    super("Email or password is incorrect");
  }
}

const authenticator = new Authenticator<Company>().use(
  new FormStrategy(async ({ form, request }) => {
    const text = (name: string) => {
      const value = form.get(name);
      return typeof value === "string" ? value : "";
    };
    const email = text("email");
    const password = text("password");
    const attempt = await attemptOf(request, email);
    await countSignIn(attempt);
    const company =
      email.length <= 255 && password.length <= 256
        ? await signIn(database(), email, password)
        : undefined;
    if (!company) throw new SignInError();
    await forgiveSignIn(attempt);
    return company;
  }),
);

/**
 * Checks an email and a password and signs in.
 * @returns the company and the `Set-Cookie` headers
 * @throws {SignInError} where they do not open an account
 * @throws {TooManyAttemptsError}
 */
export async function signInWith(
  request: Request,
  email: string,
  password: string,
): Promise<{ company: Company; headers: Headers }> {
  // remix-auth reads the body itself; ours has been read, to a limit.
  const headers = new Headers({
    Cookie: request.headers.get("Cookie") ?? "",
    "x-client-address": request.headers.get("x-client-address") ?? "",
  });
  const company = await authenticator
    .authenticate(
      "form",
      new Request(request.url, {
        method: "POST",
        headers,
        body: new URLSearchParams({ email, password }),
      }),
    )
    .catch((error: unknown) => {
      if (error instanceof SignInError) noteSignIn(request, "refused");
      if (error instanceof TooManyAttemptsError) {
        noteSignIn(request, "throttled");
      }
      throw error;
    });
  return {
    company,
    headers: await signedInHeaders(request, company, "signed-in"),
  };
}

/** The `Set-Cookie` headers of a company that has just signed in or up. */
export async function signedInHeaders(
  request: Request,
  company: Company,
  how: "signed-up" | "signed-in",
): Promise<Headers> {
  noteCompany(request, company.id);
  noteSignIn(request, how, company.id);
  const headers = new Headers();
  headers.append("Set-Cookie", await beginSessionFor(request, company.id));
  headers.append(
    "Set-Cookie",
    await deviceCookie().serialize(
      await introduceDevice(database(), company.id),
    ),
  );
  return headers;
}

let cookie: Cookie | undefined;

function deviceCookie(): Cookie {
  const secure = environment().PUBLIC_URL.startsWith("https:");
  cookie ??= createCookie(secure ? "__Host-device" : "device", {
    httpOnly: true,
    maxAge: 365 * 24 * 60 * 60,
    path: "/",
    sameSite: "lax",
    secure,
  });
  return cookie;
}

async function attemptOf(
  request: Request,
  email: string,
): Promise<SignInAttempt> {
  const account = email.trim().toLowerCase().slice(0, 255);
  const kept: unknown = await deviceCookie().parse(
    request.headers.get("Cookie"),
  );
  const { device, proof } = (kept ?? {}) as Record<string, unknown>;
  const isKnown =
    typeof device === "string" &&
    typeof proof === "string" &&
    (await isKnownDevice(reading(), account, { device, proof }));
  return {
    account,
    address: request.headers.get("x-client-address") ?? "unknown",
    knownDevice: isKnown ? device : undefined,
  };
}

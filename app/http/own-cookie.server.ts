import { createCookie, type Cookie } from "@remix-run/node";
import { environment } from "#app/env.server.ts";

const isSecure = () => environment().PUBLIC_URL.startsWith("https:");

/**
 * A cookie that no script can read and no other site's form sends; `Secure` if PUBLIC_URL is https.
 * @param options `maxAge` in seconds
 */
export function ownCookie(
  name: string,
  options: Parameters<typeof createCookie>[1] & { maxAge: number },
): Cookie {
  return createCookie(name, {
    httpOnly: true,
    path: "/",
    sameSite: "lax",
    secure: isSecure(),
    ...options,
  });
}

/** The same, for exactly this host: if it is `Secure`, its name makes the browser enforce that. */
export const hostCookie = (name: string, maxAge: number): Cookie =>
  ownCookie(isSecure() ? `__Host-${name}` : name, { maxAge });

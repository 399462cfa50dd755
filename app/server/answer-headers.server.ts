import type { IncomingMessage } from "node:http";
import { environment } from "#app/env.server.ts";

/**
 * The headers of every answer, with `Strict-Transport-Security` if PUBLIC_URL is https.
 * @param nonce for a page whose inline scripts may run
 */
export function securityHeaders(nonce?: string): Record<string, string> {
  const headers = environment().PUBLIC_URL.startsWith("https:") ? onHttps : always;
  return nonce === undefined
    ? headers
    : { ...headers, "Content-Security-Policy": policy(` 'nonce-${nonce}'`) };
}

/**
 * The Location of an answer: absolute if the request came under PUBLIC_URL's name, since lynx
 * pauses at a relative one. Left as it is if the request came under another name, such as an
 * address in the local network, or if it leads back to the requested address: lynx takes an
 * absolute one for a loop, and shows the page that it already has.
 */
export function locationFor(location: string, { headers, url }: IncomingMessage): string {
  const { PUBLIC_URL } = environment();
  const isPath = location.startsWith("/") && !location.startsWith("//");
  const isPublic = headers.host?.toLowerCase() === new URL(PUBLIC_URL).host;
  return isPath && isPublic && location !== url ? PUBLIC_URL + location : location;
}

const policy = (nonce: string) =>
  [
    "default-src 'none'",
    `script-src 'self'${nonce}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join("; ");

const always = {
  "Content-Security-Policy": policy(""),
  "X-Content-Type-Options": "nosniff",
  // Not no-referrer: with it browsers send `Origin: null` with our own forms.
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Frame-Options": "DENY",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

const onHttps = {
  ...always,
  "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
};

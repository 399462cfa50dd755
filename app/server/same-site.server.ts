import { environment } from "#app/env.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a request may act; where our own server has looked already, what it found. */
export function isSameSite({ request, context }: Asked): boolean {
  return context.exchange?.sameSite ?? comesFromThisSite(request);
}

/**
 * Whether a request may act, or was sent by another site's page in a visitor's browser.
 * The algorithm of Go 1.25's `net/http.CrossOriginProtection`; clients that are no browser send neither header and pass.
 */
export function comesFromThisSite({
  method,
  headers,
}: Pick<Request, "method" | "headers">): boolean {
  if (safeMethods.has(method)) return true;
  const site = headers.get("Sec-Fetch-Site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = headers.get("Origin");
  if (origin === null) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === headers.get("Host") || origin === environment().PUBLIC_URL;
}

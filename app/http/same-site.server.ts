import { environment } from "#app/env.server.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a request may act, or was sent by another site's page in a visitor's browser.
 * The algorithm of Go 1.25's `net/http.CrossOriginProtection`; clients that are no browser send neither header and pass.
 */
export function isSameSite(request: Request): boolean {
  if (safeMethods.has(request.method)) return true;
  const site = request.headers.get("Sec-Fetch-Site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("Origin");
  if (origin === null) return true;
  if (!URL.canParse(origin)) return false;
  return (
    new URL(origin).host === request.headers.get("Host") ||
    origin === environment().PUBLIC_URL
  );
}

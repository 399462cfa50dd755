import { environment } from "#app/env.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a request may act: our own server's earlier answer, if it has checked. */
export function isSameSite({ request, context }: Asked): boolean {
  return (
    context.exchange?.sameSite ??
    comesFromThisSite(request.method, (name) => request.headers.get(name))
  );
}

/**
 * Whether a request may act, or was sent by another site's page in a visitor's browser.
 * @param header the value of a header, by its name in lower case The algorithm of Go 1.25's
 * `net/http.CrossOriginProtection`; clients other than browsers send neither header and pass.
 */
export function comesFromThisSite(
  method: string,
  header: (name: string) => string | null | undefined,
): boolean {
  if (safeMethods.has(method)) return true;
  const site = header("sec-fetch-site");
  if (typeof site === "string") return site === "same-origin" || site === "none";
  const origin = header("origin");
  if (typeof origin !== "string") return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === header("host") || origin === environment().PUBLIC_URL;
}

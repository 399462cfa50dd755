import diagnostics from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestStart } from "#app/http/every-request.server.ts";
import { log } from "#app/http/log.server.ts";
import { observeRequest } from "#app/http/metrics.server.ts";
import type { RouteFinder } from "#app/http/route-patterns.server.ts";

/**
 * A line of the log for each request, once it has been answered: method, path without its query, route, status,
 * milliseconds, request id, company and client address. Neither headers nor bodies come near it.
 */

interface Noted {
  companyId?: number;
}

// By `x-request-number`, which no client can choose.
const open = new Map<string, Noted>();

/** Notes whose request it is, for the request's line in the log. */
export function noteCompany(request: Request, companyId: number): void {
  const noted = open.get(request.headers.get("x-request-number") ?? "");
  if (noted) noted.companyId = companyId;
}

/** Begins; called once, after `prepareEveryRequest`. */
export function logRequests(findRoute: RouteFinder): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request, response } = message as RequestStart;
    const startedAt = performance.now();
    const { method = "", url = "" } = request;
    const number = String(request.headers["x-request-number"]);
    const noted: Noted = {};
    open.set(number, noted);
    response.once("close", () => {
      open.delete(number);
      const ms = performance.now() - startedAt;
      const [pathname = ""] = url.split("?", 1);
      const asset = isAsset(request, response);
      const { route, path } = asset
        ? { route: "asset", path: pathname }
        : findRoute(pathname);
      const status = response.statusCode;
      observeRequest({ method, route, status, seconds: ms / 1000 });
      const level = status >= 500 ? "error" : asset ? "debug" : "info";
      log[level](
        {
          method,
          path,
          route,
          status,
          ms: Math.round(ms * 10) / 10,
          requestId: request.headers["x-request-id"],
          ...noted,
          address: request.headers["x-client-address"],
          ...(!response.writableFinished && { aborted: true }),
        },
        "request",
      );
    });
  });
}

// Express notes the route that it called; files are answered before it comes to any.
function isAsset(request: IncomingMessage, response: ServerResponse): boolean {
  return !("route" in request) && response.statusCode < 400;
}

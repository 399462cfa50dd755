import { log } from "#app/log/log.server.ts";
import { observeRequest } from "#app/log/metrics.server.ts";
import type { Incoming } from "#app/server/answer.server.ts";

/**
 * Writes a line of the log when a request has been answered: method, path without its query, route,
 * status, milliseconds, request id, company, token (its id) and client address. Headers and bodies
 * never reach it.
 * @param route what the path belongs to: a pattern, `asset` or `unmatched`
 */
export function logWhenAnswered({ response, exchange }: Incoming, route: string): void {
  const startedAt = performance.now();
  response.once("close", () => {
    const ms = performance.now() - startedAt;
    const status = response.statusCode;
    const { method, path, requestId, companyId, tokenId, address } = exchange;
    observeRequest({ method, route, status, seconds: ms / 1000 });
    const level = status >= 500 ? "error" : route === "asset" ? "debug" : "info";
    log[level](
      {
        method,
        path,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
        requestId,
        ...(companyId !== undefined && { companyId }),
        ...(tokenId !== undefined && { tokenId }),
        address,
        ...(!response.writableFinished && { aborted: true }),
      },
      "request",
    );
  });
}

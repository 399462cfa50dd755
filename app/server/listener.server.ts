import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerBuild } from "@remix-run/node";
import { logFault } from "#app/log/log.server.ts";
import { withinBudget } from "#app/request-budget.server.ts";
import { logWhenAnswered } from "#app/log/request-line.server.ts";
import { send, sendFile, sendText } from "#app/server/answer.server.ts";
import { beginExchange } from "#app/server/exchange.server.ts";
import { clientFiles } from "#app/server/files.server.ts";
import { pageHandlers } from "#app/server/pages.server.ts";
import {
  answerOfResource,
  answersEveryMethod,
  isResource,
  methodsOf,
} from "#app/server/resource-route.server.ts";
import { routeTable } from "#app/server/route-table.server.ts";
import {
  lightRequest,
  refusalOf,
  targetOf,
  webRequest,
  withoutData,
} from "#app/server/web-request.server.ts";

/**
 * Where a request enters, becomes an exchange, meets a file of the client build, a resource route
 * or Remix, and leaves as an answer.
 */

export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The listener for Node's HTTP server. Whatever goes wrong becomes an answer; nothing is thrown.
 */
export function listenerOf(build: ServerBuild): Listener {
  const fileFor = clientFiles(build.assetsBuildDirectory);
  const find = routeTable(build.routes);
  const pageOf = pageHandlers(build);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = targetOf(request.url);
    const { place, params, path } = find(target.pathname);
    const exchange = beginExchange(request, path);
    const incoming = { request, response, exchange };
    const module = place && build.routes[place.id]?.module;
    const resource =
      module && isResource(module) && !target.pathname.endsWith(".data") ? module : undefined;
    const refusal = refusalOf(request, resource !== undefined && answersEveryMethod(resource));
    const file = refusal ? undefined : fileFor(target.pathname, request);
    const route = file ? "asset" : (place?.pattern ?? "unmatched");
    logWhenAnswered(incoming, route);
    if (refusal) return sendText(incoming, ...refusal);
    if (file && !/^(GET|HEAD)$/.test(exchange.method)) {
      return sendText(incoming, 405, "Method not allowed", { Allow: "GET, HEAD" });
    }
    if (file) return sendFile(incoming, file);
    if (!place || target.pathname.startsWith("/assets/")) {
      return sendText(incoming, 404, "Not found");
    }
    const context = { exchange };
    try {
      if (resource) {
        const asked = { request: lightRequest(request, target, response), params, context };
        await send(incoming, await withinBudget(() => answerOfResource(resource, asked)));
      } else {
        // Remix compares it with Host, which is wrong behind a proxy; our own check is in the
        // exchange.
        delete request.headers.origin;
        const asked = webRequest(request, withoutData(target), response);
        const answer = await withinBudget(() => pageOf(place.id)(asked, context));
        if (answer.status === 405 && module) answer.headers.set("Allow", methodsOf(module));
        await send(incoming, answer);
      }
    } catch (error) {
      logFault(exchange, error);
      if (response.headersSent) response.destroy();
      else sendText(incoming, 500, "Something went wrong on our side. Try again later.");
    }
  };
  return answer;
}

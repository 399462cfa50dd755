import { createRequestHandler, type RequestHandler, type ServerBuild } from "@remix-run/node";
import { chainOf } from "#app/server/route-table.server.ts";

/**
 * Remix's handler for each page, made when it is first asked for. It is given only the page's own
 * routes: Remix goes through all its routes several times per request.
 * @returns the handler for a route's id
 */
export function pageHandlers(build: ServerBuild): (id: string) => RequestHandler {
  const handlers = new Map<string, RequestHandler>();
  return (id) => {
    let handler = handlers.get(id);
    if (!handler) {
      handler = createRequestHandler(onlyWith(build, chainOf(build.routes, id)), build.mode);
      handlers.set(id, handler);
    }
    return handler;
  };
}

// The browser still gets the whole manifest: its address is in the page, not its content.
function onlyWith(build: ServerBuild, ids: string[]): ServerBuild {
  const pick = <T>(all: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([id]) => ids.includes(id)));
  return {
    ...build,
    routes: pick(build.routes),
    assets: { ...build.assets, routes: pick(build.assets.routes) },
  };
}

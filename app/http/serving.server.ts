import http, { type Server } from "node:http";
import { createRequire } from "node:module";
import { environment } from "#app/env.server.ts";
import { tellCannotListen, workerNumber } from "#app/http/cluster.server.ts";
import { prepareEveryRequest } from "#app/http/every-request.server.ts";
import { log, logConsole } from "#app/http/log.server.ts";
import { watchPool } from "#app/http/low-pool.server.ts";
import { refuseMalformed } from "#app/http/malformed-requests.server.ts";
import { startMetrics } from "#app/http/metrics.server.ts";
import { logRequests } from "#app/http/request-log.server.ts";
import {
  routeFinder,
  type RouteFinder,
} from "#app/http/route-patterns.server.ts";
import { endOnSignals } from "#app/http/stopping.server.ts";
import { followResponses } from "#app/http/streamed.server.ts";

/**
 * A process that serves, from its start to its end. remix-serve makes the server and lets nobody near it, so this
 * comes before it: what the server build runs at its top happens before anything listens.
 */

export { servingEnds } from "#app/http/stopping.server.ts";

/** Milliseconds. */
const limits = {
  /** until the last byte of a request's headers has come, also for a connection that sends nothing at all */
  headers: 10_000,
  /** until the last byte of a request has come; bodies have 16 KiB at most */
  request: 30_000,
  /** how often those two are looked at */
  checking: 1_000,
  /** between two requests of a connection; longer than the proxies in front wait (60 s is usual) */
  idle: 65_000,
  /** without a byte either way, as with a client that does not read its answer; event streams send more often */
  silence: 120_000,
};

/** What happens once in a process that serves, before it listens. */
export function startServing(): void {
  log.level = environment().LOG_LEVEL;
  logConsole();
  endOnFaults();
  silenceMorgan();
  prepareEveryRequest();
  followResponses();
  logRequests(findRoute);
  startMetrics();
  withNextServer((server) => {
    refuseMalformed(server);
    endOnSignals(server);
  });
  void import("virtual:remix/server-build").then(({ routes }) => {
    findInBuild = routeFinder(routes);
  });
  if (workerNumber() === 1) watchPool();
}

// The build is still being loaded when this is; by the first request it is there.
let findInBuild: RouteFinder = (pathname) => ({
  route: "unmatched",
  path: pathname,
});
const findRoute: RouteFinder = (pathname) => findInBuild(pathname);

/** Gives the server that is made next its limits, and hands it to `configure`. */
function withNextServer(configure: (server: Server) => void): void {
  const original = http.createServer;
  const replace = (value: unknown) =>
    Object.defineProperty(http, "createServer", {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  replace((handler: http.RequestListener): Server => {
    replace(original);
    const server = original(
      {
        headersTimeout: limits.headers,
        requestTimeout: limits.request,
        connectionsCheckingInterval: limits.checking,
        keepAliveTimeout: limits.idle,
      },
      handler,
    );
    server.setTimeout(limits.silence);
    configure(server);
    return server;
  });
}

// It prints whole addresses, with what is behind the question mark. It is remix-serve's, which Vercel's function is without.
function silenceMorgan(): void {
  if (process.env.VERCEL) return;
  const serve = createRequire(import.meta.url).resolve(
    "@remix-run/serve/package.json",
  );
  const morgan = createRequire(serve)("morgan") as {
    format(name: string, line: () => undefined): void;
  };
  morgan.format("tiny", () => undefined);
}

/**
 * An error that nobody has caught leaves the process in a state that nobody knows, so it ends; the supervisor starts
 * another.
 */
function endOnFaults(): void {
  process.on("uncaughtException", (error: NodeJS.ErrnoException, origin) => {
    const exit = () => process.exit(1);
    if (error.syscall === "listen" || error.syscall === "bind") {
      if (tellCannotListen(error.code ?? "unknown", exit)) return;
    }
    log.fatal({ err: error, origin }, "nothing caught an error; ending");
    exit();
  });
}

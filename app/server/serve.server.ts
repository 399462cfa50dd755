import http, { type Server } from "node:http";
import type { ServerBuild } from "@remix-run/node";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import { startMetrics } from "#app/log/metrics.server.ts";
import { tellCannotListen, workerNumber } from "#app/server/cluster.server.ts";
import { listenerOf } from "#app/server/listener.server.ts";
import { refuseExpectations, refuseMalformed } from "#app/server/malformed-requests.server.ts";
import { endOnSignals, servingEnds } from "#app/server/stopping.server.ts";

/** Milliseconds. */
const limits = {
  /** until the last byte of a request's headers; also for a connection that sends nothing */
  headers: 10_000,
  /** until the last byte of a request; bodies have at most 16 KiB */
  request: 30_000,
  /** how often those two are checked */
  checking: 1_000,
  /** between two requests on a connection; longer than the proxies in front wait (usually 60 s) */
  idle: 65_000,
  /**
   * without a byte either way, as when a client does not read its answer; event streams send more
   * often
   */
  silence: 120_000,
};

/**
 * Serves a build on the environment's PORT until this process ends.
 * @param work runs in the background, in one process per machine, until its signal is aborted
 */
export function serve(build: ServerBuild, work: (signal: AbortSignal) => Promise<void>): Server {
  const { LOG_LEVEL, PORT } = environment();
  log.level = LOG_LEVEL;
  endOnFaults();
  const server = http.createServer({
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.checking,
    keepAliveTimeout: limits.idle,
    // The listener itself refuses a request without a Host, with our headers.
    requireHostHeader: false,
  });
  server.setTimeout(limits.silence);
  refuseMalformed(server);
  refuseExpectations(server);
  endOnSignals(server, workerNumber() === 1 ? work(servingEnds) : Promise.resolve());
  const listener = listenerOf(build);
  server.on("request", (request, response) => void listener(request, response));
  startMetrics();
  return server.listen(PORT);
}

/**
 * An uncaught error leaves the process in an unknown state, so it ends; the supervisor starts
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

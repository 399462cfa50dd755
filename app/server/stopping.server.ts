import { setMaxListeners } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import net from "node:net";
import { setTimeout } from "node:timers/promises";
import { closeDatabase } from "#app/db.server.ts";
import { log } from "#app/log/log.server.ts";

/** The end of a process that serves: no new connections, what is in flight is finished, the database closed, exit 0. */

/** Milliseconds from the signal. */
const patience = {
  /** connections that are kept alive may carry a request that has not arrived yet */
  arriving: 300,
  /** for requests that have not been sent in full */
  unfinished: 2_000,
  /** for all; the supervisor gives a second more */
  all: 8_500,
};

// Ctrl-C comes from the terminal and once more from the supervisor.
const sameSignal = 200;

const ends = new AbortController();

/** Aborted when this process has been told to stop: what goes on by itself, such as an event stream, ends then. */
export const servingEnds: AbortSignal = ends.signal;
setMaxListeners(0, servingEnds);

interface InFlight {
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * Stops `server` in order at the first SIGTERM or SIGINT, and the process at once at a second.
 * @param work what goes on beside it, and ends by {@link servingEnds}
 */
export function endOnSignals(server: Server, work: Promise<void>): void {
  const inFlight = new Set<InFlight>();
  server.on("request", (request, response) => {
    const pending = { request, response };
    inFlight.add(pending);
    response.once("close", () => inFlight.delete(pending));
    if (servingEnds.aborted) lastOnItsConnection(response);
  });

  let signalledAt = 0;
  const onSignal = () => {
    if (!servingEnds.aborted) {
      signalledAt = performance.now();
      void stop(server, inFlight, work);
    } else if (performance.now() - signalledAt > sameSignal) {
      process.exit(1);
    }
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

async function stop(server: Server, inFlight: Set<InFlight>, work: Promise<void>): Promise<void> {
  const startedAt = performance.now();
  // Not http's own close, which would end idle connections at once, and with them requests that are on their way.
  net.Server.prototype.close.call(server);
  ends.abort();
  for (const { response } of inFlight) lastOnItsConnection(response);

  const elapsed = () => performance.now() - startedAt;
  const worthWaitingFor = ({ request, response }: InFlight) =>
    isEventStream(response)
      ? elapsed() < patience.arriving
      : request.complete || elapsed() < patience.unfinished;
  while (
    elapsed() < patience.arriving ||
    ([...inFlight].some(worthWaitingFor) && elapsed() < patience.all)
  ) {
    await setTimeout(20);
  }

  await Promise.race([work, setTimeout(Math.max(0, patience.all - elapsed()))]);
  const cut = [...inFlight].filter(({ response }) => !isEventStream(response));
  if (cut.length > 0) log.warn({ requests: cut.length }, "stopped too soon for");
  server.closeAllConnections();
  await Promise.race([closeDatabase(), setTimeout(500)]);
  process.exit(0);
}

function lastOnItsConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}

function isEventStream(response: ServerResponse): boolean {
  return /^text\/event-stream\b/.test(String(response.getHeader("Content-Type") ?? ""));
}

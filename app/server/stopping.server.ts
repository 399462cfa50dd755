import { setMaxListeners } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import net from "node:net";
import { setTimeout } from "node:timers/promises";
import { closeDatabase } from "#app/db.server.ts";
import { log } from "#app/log/log.server.ts";

/**
 * How a serving process ends: no new connections, requests in flight finished, the database closed,
 * exit 0.
 */

/** Milliseconds from the signal. */
const patience = {
  /** kept-alive connections may carry a request that has not arrived yet */
  arriving: 300,
  /** for requests that have not been sent in full */
  unfinished: 2_000,
  /** in all; the supervisor allows a second more */
  all: 8_500,
};

// Ctrl-C comes twice: from the terminal and from the supervisor.
const sameSignal = 200;

const ends = new AbortController();

/**
 * Aborted when this process is told to stop; anything that runs on its own, such as an event
 * stream, ends then.
 */
export const servingEnds: AbortSignal = ends.signal;
setMaxListeners(0, servingEnds);

interface InFlight {
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * Stops `server` in good order at the first SIGTERM or SIGINT, and the process at once at a second.
 * @param work what runs alongside it, and ends with {@link servingEnds}
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
  // Not http's own close, which would end idle connections at once, along with requests on their
  // way there.
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

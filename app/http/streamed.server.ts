import diagnostics from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestStart } from "#app/http/every-request.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { logFault } from "#app/http/log.server.ts";

/**
 * Answers that are made while they are sent: an export, an event stream. Remix writes what a body brings as fast as it
 * comes and never asks whether the client takes it, so an answer of ours waits for that itself, and ends when the
 * client has gone.
 */

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

// By `x-request-number`, which no client can choose.
const exchanges = new Map<string, Exchange>();

/** Begins to know which response a request is answered with; called once, after `prepareEveryRequest`. */
export function followResponses(): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request, response } = message as RequestStart;
    const number = String(request.headers["x-request-number"]);
    exchanges.set(number, { request, response });
    response.once("close", () => exchanges.delete(number));
  });
}

/**
 * Answers with what `chunks` yields, each piece when the client has taken those before it. The answer is in no cache,
 * and nothing on the way may compress it, which would hold it back.
 * @param chunks is given a signal that aborts when the client has gone
 */
export function streamed(
  request: Request,
  headers: Record<string, string>,
  chunks: (signal: AbortSignal) => AsyncGenerator<string, void, undefined>,
): Response {
  const exchange = exchanges.get(request.headers.get("x-request-number") ?? "");
  // Asked for under `.data`, it would be read to its end before a byte of it is sent.
  const path = exchange?.request.url?.split("?", 1)[0] ?? "";
  if (path.endsWith(".data")) return plainText(404, "Not found");

  const { signal } = request;
  const pieces = chunks(signal);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (exchange) await taken(exchange.response);
          const next = signal.aborted
            ? await pieces.return()
            : await pieces.next();
          if (next.done) controller.close();
          else controller.enqueue(encoder.encode(next.value));
        } catch (error) {
          logFault(request, error);
          // The client must see that it has not got everything.
          exchange?.response.destroy();
          controller.close();
        }
      },
      async cancel() {
        await pieces.return();
      },
    },
    // Nothing is made before it is asked for, and never for HEAD.
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { ...headers, "Cache-Control": "no-store, no-transform" },
  });
}

/** The loader of a streamed answer: what goes wrong before it begins is told in a line of text. */
export async function forStream(
  request: Request,
  begin: () => Promise<Response>,
): Promise<Response> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof Response) {
      error.headers.set("Cache-Control", "no-store");
      throw error;
    }
    const { status, message, headers } = faultAnswer(request, error);
    return plainText(status, message, headers);
  }
}

/** An answer of one line, for whoever asked for something else. */
export function plainText(
  status: number,
  line: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${line}\n`, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      ...headers,
    },
  });
}

/** Resolves when the client has taken what was written to it, or has gone. */
function taken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (!response.writableNeedDrain || response.destroyed) return resolve();
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

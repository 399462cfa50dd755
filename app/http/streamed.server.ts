import { plainText } from "#app/http/answers.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { logFault } from "#app/log/log.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** Answers that are made while they are sent: an export, an event stream. */

/**
 * Answers with what `chunks` yields, each piece when the client has taken those before it. No cache
 * keeps the answer and nothing on the way may change it, so it is passed on as it comes.
 * @param chunks is given a signal that aborts when the client has gone
 */
export function streamed(
  { request, context }: Asked,
  headers: Record<string, string>,
  chunks: (signal: AbortSignal) => AsyncGenerator<string, void, undefined>,
): Response {
  const exchange = exchangeOf(context);
  // Under `.data`, Remix would read it to its end before sending a byte.
  if (exchange.path.endsWith(".data")) return plainText(404, "Not found");

  // Our server cancels the body when the client goes; another server may only abort the request.
  const gone = new AbortController();
  request.signal.addEventListener("abort", () => gone.abort());
  const pieces = chunks(gone.signal);
  const encoder = new TextEncoder();
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = gone.signal.aborted ? await pieces.return() : await pieces.next();
          if (cancelled) return;
          if (next.done) controller.close();
          else controller.enqueue(encoder.encode(next.value));
        } catch (error) {
          logFault(exchange, error);
          controller.error(error);
        }
      },
      async cancel() {
        cancelled = true;
        gone.abort();
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

/** The loader of a streamed answer: a fault before it begins is answered with a line of text. */
export async function forStream(
  { context }: Asked,
  begin: () => Promise<Response>,
): Promise<Response> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof Response) {
      error.headers.set("Cache-Control", "no-store");
      throw error;
    }
    const { status, message, headers } = faultAnswer(context, error);
    return plainText(status, message, headers);
  }
}

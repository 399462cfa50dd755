import { createReadableStreamFromReadable } from "@remix-run/node";
import type { EntryContext } from "@remix-run/node";
import { RemixServer } from "@remix-run/react";
import { PassThrough } from "node:stream";
import { renderToPipeableStream } from "react-dom/server";
import { NonceContext } from "#app/components/request-context.ts";
import { logFault } from "#app/http/log.server.ts";
import { startServing } from "#app/http/serving.server.ts";

// The server build is loaded once, before remix-serve listens.
startServing();

const renderTimeout = 5_000;

export default function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  context: EntryContext,
): Promise<Response> {
  headers.set("Content-Type", "text/html; charset=utf-8");
  keepPrivate(status, headers);
  return new Promise((resolve, reject) => {
    const nonce = request.headers.get("x-csp-nonce") ?? "";
    const { pipe, abort } = renderToPipeableStream(
      <NonceContext.Provider value={nonce}>
        <RemixServer context={context} url={request.url} nonce={nonce} />
      </NonceContext.Provider>,
      {
        nonce,
        // Nothing here is deferred, so the page is sent whole and an error while rendering can still be one.
        onAllReady() {
          const body = new PassThrough();
          resolve(
            new Response(createReadableStreamFromReadable(body), {
              status,
              headers,
            }),
          );
          pipe(body);
        },
        onShellError: reject,
        onError(error) {
          logFault(request, error);
        },
      },
    );
    setTimeout(abort, renderTimeout).unref();
  });
}

export function handleDataRequest(response: Response): Response {
  keepPrivate(response.status, response.headers);
  return response;
}

/** Faults that no loader or action has answered for. */
export function handleError(
  error: unknown,
  { request }: { request: Request },
): void {
  if (!request.signal.aborted) logFault(request, error);
}

// Pages are a company's own, and what is behind the Back button after logging out must be gone.
function keepPrivate(status: number, headers: Headers): void {
  headers.set("Cache-Control", "no-store");
  if (status === 413) headers.set("Connection", "close");
}

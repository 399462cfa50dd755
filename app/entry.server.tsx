import type {
  ActionFunctionArgs,
  AppLoadContext,
  DataFunctionArgs,
  EntryContext,
  ServerBuild,
} from "@remix-run/node";
import { isRouteErrorResponse, RemixServer } from "@remix-run/react";
import { Writable } from "node:stream";
import { renderToPipeableStream } from "react-dom/server";
import { NonceContext } from "#app/components/request-context.ts";
import { setSite, type Site } from "#app/components/site.ts";
import { environment, type Environment } from "#app/env.server.ts";
import { logFault } from "#app/log/log.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";
import { serve as serveBuild } from "#app/server/serve.server.ts";
import { startWork } from "#app/work/jobs.server.ts";
import { wholeResponse } from "#app/server/whole-response.server.ts";

export { listenerOf as listener } from "#app/server/listener.server.ts";

/** Serves a build of this program, and starts the background work. */
export const serve = (build: ServerBuild) => serveBuild(build, startWork);

// Pages are private to a company, and must be gone from behind the Back button after logging out.
const noStore = "no-store";

/** Milliseconds. */
const renderTimeout = 5_000;

export default async function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  context: EntryContext,
  loadContext: AppLoadContext,
): Promise<Response> {
  setSite(siteOf(environment()));
  headers.set("Content-Type", "text/html; charset=utf-8");
  headers.set("Cache-Control", noStore);
  await keepSession(headers, loadContext);
  return new Promise((resolve, reject) => {
    const exchange = exchangeOf(loadContext);
    const { nonce } = exchange;
    const { pipe, abort } = renderToPipeableStream(
      <NonceContext.Provider value={nonce}>
        <RemixServer context={context} url={request.url} nonce={nonce} />
      </NonceContext.Provider>,
      {
        nonce,
        // Nothing is deferred, so the page is sent whole and a rendering error can still become an
        // error page.
        onAllReady() {
          clearTimeout(timer);
          pipe(collect((page) => resolve(wholeResponse(page, status, headers))));
        },
        onShellError: reject,
        onError(error) {
          logFault(exchange, error);
        },
      },
    );
    const timer = setTimeout(abort, renderTimeout);
  });
}

function siteOf({ SITE_NAME, SUPPORT_EMAIL, TERMS_URL, PRIVACY_URL }: Environment): Site {
  return {
    name: SITE_NAME,
    support: SUPPORT_EMAIL ?? null,
    terms: TERMS_URL ?? null,
    privacy: PRIVACY_URL ?? null,
  };
}

/** A stream that hands over everything written to it when it ends. */
function collect(done: (whole: Buffer<ArrayBuffer>) => void): Writable {
  const chunks: Buffer[] = [];
  return new Writable({
    // React would take the close for a client that has gone.
    emitClose: false,
    write(chunk: Buffer, _encoding, next) {
      chunks.push(chunk);
      next();
    },
    final(next) {
      done(Buffer.concat(chunks));
      next();
    },
  });
}

export async function handleDataRequest(
  response: Response,
  { context }: DataFunctionArgs,
): Promise<Response> {
  response.headers.set("Cache-Control", noStore);
  await keepSession(response.headers, context);
  return response;
}

/** Opening a page renews the session's cookie, when that is due. */
async function keepSession(headers: Headers, { signedIn }: AppLoadContext): Promise<void> {
  const session = await signedIn?.catch(() => undefined);
  if (session?.setCookie) headers.append("Set-Cookie", session.setCookie);
}

/** Logs faults that no loader or action has handled; a request that no route takes is not one. */
export function handleError(error: unknown, { request, context }: ActionFunctionArgs): void {
  if (isRouteErrorResponse(error) && error.status < 500) return;
  if (!request.signal.aborted) logFault(exchangeOf(context), error);
}

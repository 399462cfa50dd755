import type { IncomingMessage, ServerResponse } from "node:http";
import { environment } from "#app/env.server.ts";
import { hasBody } from "#app/server/unread-bodies.server.ts";

/** A request of Node's server as routes know it. */

/** What a request is for: a path, and its query with the question mark. */
export interface Target {
  pathname: string;
  search: string;
}

/**
 * Reads a request target. Whole addresses and `*` in place of a path (RFC 9112, "Request Target") and escapes that stand
 * for nothing are paths too, of pages that do not exist.
 */
export function targetOf(url = "/"): Target {
  if (!url.startsWith("/")) {
    return URL.canParse(url) ? new URL(url) : { pathname: "/", search: "" };
  }
  const query = url.indexOf("?");
  const pathname = query < 0 ? url : url.slice(0, query);
  return {
    pathname: canDecode(pathname) ? pathname : pathname.replaceAll("%", "%25"),
    search: query < 0 ? "" : url.slice(query),
  };
}

function canDecode(path: string): boolean {
  if (!path.includes("%")) return true;
  try {
    return !decodeURIComponent(path).includes("\0");
  } catch {
    return false;
  }
}

// TRACE and CONNECT cannot be made a Request of; what WebDAV and others have added, no route knows.
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Why a request can be no route's: status and text; undefined where it can. */
export function refusalOf({
  method = "",
  headers,
  rawHeaders,
  httpVersion,
}: IncomingMessage): [status: number, text: string] | undefined {
  if (!methods.includes(method)) return [405, "Method not allowed"];
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === "host") hosts++;
  }
  return hosts > 1 || (headers.host === undefined && httpVersion === "1.1")
    ? [400, "A request has one Host"]
    : undefined;
}

/**
 * The request for a route. Its address begins with PUBLIC_URL, whatever the client or a proxy calls this server.
 * @param response where the request is to be aborted when the client goes
 */
export function webRequest(
  request: IncomingMessage,
  { pathname, search }: Target,
  response?: ServerResponse,
): Request {
  const { method = "GET" } = request;
  return new Request(environment().PUBLIC_URL + pathname + search, {
    method,
    // Node has made one text of each header that was sent several times.
    headers: request.headers as Record<string, string>,
    ...(response && { signal: goneSignal(response) }),
    ...(method !== "GET" &&
      method !== "HEAD" &&
      hasBody(request) && { body: bodyOf(request), duplex: "half" }),
  });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

// Left as it is where nobody reads on: an end would cut the connection before the answer is out.
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = (await chunks.next()) as IteratorResult<Buffer>;
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

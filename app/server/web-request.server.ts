import type { IncomingMessage, ServerResponse } from "node:http";
import { environment } from "#app/env.server.ts";
import { lightOf } from "#app/server/light.server.ts";
import { hasBody } from "#app/server/unread-bodies.server.ts";

/** Node's requests, as the web Requests that routes take. */

/** What a request is for: a path, and its query with the question mark. */
export interface Target {
  pathname: string;
  search: string;
}

/**
 * Reads a request target. A whole address or `*` instead of a path (RFC 9112, "Request Target"), or
 * an invalid escape, gives the path of a page that does not exist.
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

/**
 * For a page: Remix takes `_data` as coming from older clients, which ours are not, and answers
 * with an error.
 */
export function withoutData({ pathname, search }: Target): Target {
  const query = new URLSearchParams(search);
  if (!query.has("_data")) return { pathname, search };
  query.delete("_data");
  return { pathname, search: query.size > 0 ? `?${query}` : "" };
}

function canDecode(path: string): boolean {
  if (!path.includes("%")) return true;
  try {
    return !decodeURIComponent(path).includes("\0");
  } catch {
    return false;
  }
}

// A Request cannot be TRACE or CONNECT; no route knows the methods that WebDAV and others have
// added.
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Why no route can take a request: status and text; undefined if one can.
 * @param everyMethod whether the route also answers methods that it does not know
 */
export function refusalOf(
  { method = "", headers, rawHeaders, httpVersion }: IncomingMessage,
  everyMethod: boolean,
): [status: number, text: string] | undefined {
  if (!everyMethod && !methods.includes(method)) return [405, "Method not allowed"];
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === "host") hosts++;
  }
  return hosts > 1 || (headers.host === undefined && httpVersion === "1.1")
    ? [400, "A request has one Host"]
    : undefined;
}

/** The parts of a route's request; its body and signal are made only when asked for. */
function partsOf(request: IncomingMessage, { pathname, search }: Target, response: ServerResponse) {
  const { method = "GET" } = request;
  let body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  let signal: AbortSignal | undefined;
  return {
    method,
    // No matter what the client or a proxy calls this server.
    url: environment().PUBLIC_URL + pathname + search,
    // Node has joined headers that were sent several times.
    headers: new Headers(request.headers as Record<string, string>),
    get body() {
      const sent = method !== "GET" && method !== "HEAD" && hasBody(request);
      return sent ? (body ??= bodyOf(request)) : null;
    },
    get signal() {
      return (signal ??= goneSignal(response));
    },
  };
}

/** The request for a route. It is aborted when the client goes. */
export function webRequest(
  ...of: [request: IncomingMessage, target: Target, response: ServerResponse]
): Request {
  return requestOf(partsOf(...of));
}

const LightRequest = lightOf(Request);

/** The same, made in full only if a route asks for more than its parts. */
export function lightRequest(...of: Parameters<typeof webRequest>): Request {
  const parts = partsOf(...of);
  const light = new LightRequest(parts, () => requestOf(parts));
  incoming.set(light, of[0]);
  return light;
}

const incoming = new WeakMap<Request, IncomingMessage>();

/**
 * A light request's body as Node's own stream, to read instead of `body`: a web stream costs
 * several times as much.
 */
export function nodeBodyOf(request: Request): IncomingMessage | undefined {
  return incoming.get(request);
}

function requestOf({ url, method, headers, body, signal }: ReturnType<typeof partsOf>): Request {
  const unread = body !== null && !body.locked && { body, duplex: "half" as const };
  return new Request(url, { method, headers, signal, ...unread });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const end = () => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) end();
  else response.once("close", end);
  return gone.signal;
}

// Left open if nobody reads on: ending it would cut the connection before the answer is out.
function bodyOf(request: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = request.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = (await chunks.next()) as IteratorResult<Buffer<ArrayBuffer>>;
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

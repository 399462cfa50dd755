import diagnostics from "node:diagnostics_channel";
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { environment } from "#app/env.server.ts";
import { closeAfterUnreadBody } from "#app/http/unread-bodies.server.ts";

/**
 * What holds for every request and every answer, assets and errors included. remix-serve gives no middleware, so this
 * listens to Node's own `http.server.request.start`, which fires before anything reads the request.
 *
 * Headers that a client may not forge are replaced here, and these are added for the routes to read:
 * `x-request-id`, `x-request-number` (unique in this process), `x-client-address`, `x-csp-nonce`.
 */

/** The `http.server.request.start` message (Node's documentation, "Diagnostics Channel"). */
export interface RequestStart {
  request: IncomingMessage;
  response: ServerResponse;
}

/** Begins; called once, before the server listens. */
export function prepareEveryRequest(): void {
  diagnostics.subscribe("http.server.request.start", (message) => {
    const { request, response } = message as RequestStart;
    prepare(request, response);
  });
}

let requestsSoFar = 0;

function prepare(request: IncomingMessage, response: ServerResponse): void {
  const { headers } = request;

  const givenId = header(headers["x-request-id"]);
  const requestId =
    givenId !== undefined && /^[\w.:=+/-]{8,128}$/.test(givenId)
      ? givenId
      : randomUUID();
  headers["x-request-id"] = requestId;
  headers["x-request-number"] = String(++requestsSoFar);
  headers["x-client-address"] = clientAddress(
    request,
    environment().TRUST_PROXY,
  );
  const nonce = randomBytes(16).toString("base64");
  headers["x-csp-nonce"] = nonce;

  takeAnyTarget(request);
  letOwnOriginCheckDecide(headers);

  response.setHeader("X-Request-Id", requestId);
  const ours = securityHeaders(nonce);
  for (const [name, value] of Object.entries(ours)) {
    response.setHeader(name, value);
  }
  beforeHeadersAreSent(response, () => {
    // Express's answer to an error sets a policy of its own, which says less than ours.
    const policy = String(response.getHeader("Content-Security-Policy"));
    if (!policy.includes("frame-ancestors")) {
      response.setHeader(
        "Content-Security-Policy",
        ours["Content-Security-Policy"],
      );
    }
    closeAfterUnreadBody(request, response);
  });
}

/** The headers that every answer has; `Strict-Transport-Security` where PUBLIC_URL is https. */
export function securityHeaders(
  nonce?: string,
): Record<string, string> & { "Content-Security-Policy": string } {
  return {
    "Content-Security-Policy": contentSecurityPolicy(nonce),
    "X-Content-Type-Options": "nosniff",
    // Not no-referrer: with it browsers send `Origin: null` along with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    ...(environment().PUBLIC_URL.startsWith("https:") && {
      "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    }),
  };
}

function contentSecurityPolicy(nonce: string | undefined): string {
  return [
    "default-src 'none'",
    `script-src 'self'${nonce === undefined ? "" : ` 'nonce-${nonce}'`}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join("; ");
}

function beforeHeadersAreSent(
  response: ServerResponse,
  work: () => void,
): void {
  const writeHead = response.writeHead.bind(response) as (
    ...args: unknown[]
  ) => ServerResponse;
  Object.defineProperty(response, "writeHead", {
    configurable: true,
    writable: true,
    value: (...args: unknown[]): ServerResponse => {
      work();
      return writeHead(...args);
    },
  });
}

/**
 * Requests that Node lets through and Express or Remix answer with an error page: whole addresses and `*` in place of
 * a path (RFC 9112, "Request Target"), escapes that stand for nothing, and methods that a `Request` refuses.
 */
function takeAnyTarget(request: IncomingMessage): void {
  const url = request.url ?? "/";
  if (!url.startsWith("/")) {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    request.url = target ? target.pathname + target.search : "/";
  } else if (url.includes("%")) {
    const [path = "", ...query] = url.split("?");
    if (!canDecode(path)) {
      request.url = [path.replaceAll("%", "%25"), ...query].join("?");
    }
  }
  // Unknown to Remix, which answers it with 405.
  if (request.method === "TRACE") request.method = "PROPFIND";
}

function canDecode(path: string): boolean {
  try {
    return !decodeURIComponent(path).includes("\0");
  } catch {
    return false;
  }
}

// Remix compares Origin with Host itself, before any action and with an error instead of an answer; behind a proxy it
// is wrong, too. It believes X-Forwarded-Host first, so that says what Origin says, and same-site.server.ts decides.
function letOwnOriginCheckDecide(headers: IncomingMessage["headers"]): void {
  delete headers["x-forwarded-host"];
  // remix-serve makes a URL of it, and one that cannot be made is an unhandled error. Without any, Node answers 400.
  if (headers.host !== undefined && !isHost(headers.host)) {
    headers.host = new URL(environment().PUBLIC_URL).host;
  }
  if (headers.origin === undefined) return;
  const origin = URL.canParse(headers.origin)
    ? new URL(headers.origin).host
    : "";
  if (origin === "") headers.origin = "null";
  headers["x-forwarded-host"] = origin || "null";
}

function isHost(host: string): boolean {
  return (
    /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(host) &&
    URL.canParse(`http://${host}`)
  );
}

/** The address of the last client that no proxy of ours vouches for. */
export function clientAddress(
  request: IncomingMessage,
  trustedProxies: number,
): string {
  const own = plainAddress(request.socket.remoteAddress ?? "unknown");
  if (trustedProxies === 0) return own;
  const forwarded = (header(request.headers["x-forwarded-for"]) ?? "")
    .split(",")
    .map((address) => address.trim())
    .filter((address) => /^[\da-fA-F.:]{2,45}$/.test(address));
  return plainAddress(forwarded.at(-trustedProxies) ?? forwarded[0] ?? own);
}

// An IPv4 client of a socket that takes both has an address like ::ffff:192.0.2.1.
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}

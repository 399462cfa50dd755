import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { locationFor, securityHeaders } from "#app/server/answer-headers.server.ts";
import { acceptedEncoding } from "#app/server/encoding.server.ts";
import type { Exchange } from "#app/server/exchange.server.ts";
import type { FileAnswer } from "#app/server/files.server.ts";
import { closeAfterUnreadBody } from "#app/server/unread-bodies.server.ts";
import { wholeBodyOf } from "#app/server/whole-response.server.ts";

/** Every answer leaves through here, with the headers common to all. */

/** A request of Node's server, to be answered. */
export interface Incoming {
  request: IncomingMessage;
  response: ServerResponse;
  exchange: Exchange;
}

/** Sends a file of the client build. */
export function sendFile(incoming: Incoming, file: FileAnswer): void {
  begin(incoming, file.status, file.headers);
  incoming.response.end(incoming.request.method === "HEAD" ? undefined : file.body);
}

/** Sends a line of text. */
export function sendText(
  incoming: Incoming,
  status: number,
  line: string,
  headers: OutgoingHttpHeaders = {},
): void {
  begin(incoming, status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    ...headers,
  });
  incoming.response.end(incoming.request.method === "HEAD" ? undefined : `${line}\n`);
}

/**
 * Sends a route's answer: whole or, if it is marked `no-transform`, each piece as soon as the
 * client has taken those before it. When the client goes, the body is cancelled, whatever it was
 * waiting for.
 */
export async function send(incoming: Incoming, answer: Response): Promise<void> {
  const headers: OutgoingHttpHeaders = { "cache-control": "no-store" };
  for (const [name, value] of answer.headers) {
    headers[name] = name === "set-cookie" ? [headers[name] ?? [], value].flat().map(String) : value;
  }
  const { request, response } = incoming;
  if (typeof headers["location"] === "string") {
    headers["location"] = locationFor(headers["location"], request);
  }
  const whole = wholeBodyOf(answer);
  if (whole && request.method !== "HEAD") {
    return sendWhole(incoming, answer.status, headers, whole);
  }
  const pieces = whole ? null : answer.body;
  if (pieces === null || request.method === "HEAD") {
    await pieces?.cancel();
    begin(incoming, answer.status, headers);
    response.end();
    return;
  }
  if (!String(headers["cache-control"]).includes("no-transform")) {
    return sendWhole(incoming, answer.status, headers, await collected(pieces));
  }
  // Set on the response, where other code can read them: an event stream is recognised by its type.
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value ?? "");
  begin(incoming, answer.status, {});
  response.flushHeaders();
  // If either end breaks off, so does the other, so that the client can tell that it did not get
  // everything.
  await pipeline(Readable.fromWeb(pieces as WebStream), response).catch(() => {});
}

async function collected(pieces: ReadableStream<Uint8Array>): Promise<Buffer> {
  const reader = pieces.getReader();
  const read: Uint8Array[] = [];
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    read.push(piece.value);
  }
  return Buffer.concat(read);
}

async function sendWhole(
  incoming: Incoming,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Buffer,
): Promise<void> {
  const { request, response } = incoming;
  if (body.byteLength >= worthPacking) {
    headers.vary = [headers.vary ?? [], "Accept-Encoding"].flat().join(", ");
    const encoding = acceptedEncoding(request);
    if (encoding) {
      body = await pack[encoding](body);
      headers["content-encoding"] = encoding;
    }
  }
  headers["content-length"] = body.byteLength;
  begin(incoming, status, headers);
  // Node writes text together with the headers, but bytes in a second write.
  if (body.byteLength < 65_536) response.end(body.toString("latin1"), "latin1");
  else response.end(body);
}

/** Bytes; less than this fits into a packet or two anyway. */
const worthPacking = 1_400;

const brotli = promisify(brotliCompress);
const pack = {
  br: (body: Buffer) => brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: promisify<Buffer, Buffer>(gzip),
};

function begin(
  { request, response, exchange }: Incoming,
  status: number,
  headers: OutgoingHttpHeaders,
): void {
  closeAfterUnreadBody(request, response);
  const type = response.getHeader("content-type") ?? headers["content-type"];
  const isPage = String(type).startsWith("text/html");
  response.writeHead(status, {
    "X-Request-Id": exchange.requestId,
    ...securityHeaders(isPage ? exchange.nonce : undefined),
    // Lynx ignores `no-store`: where a link leads to a page that it already has, it would show the
    // old one.
    ...(isPage && { Pragma: "no-cache" }),
    // A path with a secret in it is not sent as a referrer; forms still say which site they come
    // from.
    ...(exchange.path.includes("/:token") && { "Referrer-Policy": "strict-origin" }),
    ...headers,
  });
}

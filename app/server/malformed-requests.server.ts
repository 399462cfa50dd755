import { STATUS_CODES, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { securityHeaders } from "#app/server/answer-headers.server.ts";
import { log } from "#app/log/log.server.ts";

/**
 * Answers what is not HTTP, has headers that are too large, or comes too slowly: 400, 431 or 408
 * with our headers, and the connection ends. Node's own answers lack the headers.
 */
export function refuseMalformed(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on("request", ({ socket }, response) => answers.set(socket, response));
  const refused = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const answer = answers.get(socket);
    const midAnswer = answer?.headersSent && !answer.writableFinished;
    if (error.code === "ECONNRESET" || !socket.writable || midAnswer) {
      socket.destroy();
      return;
    }
    const status = statusOf(error);
    log.info({ status, code: error.code }, "malformed request");
    socket.end(answerText(status));
    // Not immediately, or it could overtake the answer.
    setTimeout(() => socket.destroy(), 500).unref();
  });
}

/**
 * Answers a request with an expectation that is not supported (RFC 9110, "Expect"); Node's own
 * answer lacks our headers.
 */
export function refuseExpectations(server: Server): void {
  server.on("checkExpectation", (_request, response) => {
    response.writeHead(417, lastWords());
    response.end("Expectation Failed\n");
  });
}

/** The headers of a one-line answer after which the connection ends. */
const lastWords = () => ({
  ...securityHeaders(),
  Connection: "close",
  "Content-Type": "text/plain; charset=utf-8",
});

function statusOf({ code }: NodeJS.ErrnoException): number {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return 431;
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413;
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return 408;
    default:
      return 400;
  }
}

function answerText(status: number): string {
  const body = `${STATUS_CODES[status]}\n`;
  const headers = Object.entries({
    ...lastWords(),
    "Content-Length": String(body.length),
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`;
}

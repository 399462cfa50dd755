import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers sent before the whole request has arrived, such as a 413. A connection closed while bytes
 * are arriving is reset, and its client may never see the answer; so the client is given time to
 * read it, and what it sends meanwhile is read and thrown away (RFC 9112, "Tear-down").
 */

const limits = {
  /** milliseconds without reading: a client whose writes then block looks for an answer */
  pause: 100,
  /** milliseconds in all */
  time: 10_000,
  /** bytes, since they cost memory for a while */
  bytes: 16 * 1024 ** 2,
  /** milliseconds, and the most bytes in each: between two steps such a client looks again */
  step: 10,
  bytesAStep: 512 * 1024,
};

/** Whether a request has a body, even an empty chunked one. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Call this when the headers of `response` are about to be sent. */
export function closeAfterUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || !hasBody(request)) return;
  const { socket } = request;
  response.setHeader("Connection", "close");
  // Node would read to its end a body that nobody has begun to read.
  request.read(0);
  const destroySoon = socket.destroySoon.bind(socket);
  // What Node calls when the last answer of a connection has been sent.
  socket.destroySoon = () => {
    if (request.complete) {
      destroySoon();
      return;
    }
    socket.end();
    const answeredAt = performance.now();
    let readInStep = 0;
    let readInAll = 0;
    request.pause();
    request.removeAllListeners("data");
    request.on("data", (chunk: Buffer) => {
      readInAll += chunk.byteLength;
      readInStep += chunk.byteLength;
      if (readInStep > limits.bytesAStep) request.pause();
    });
    request.once("end", destroySoon);
    const steps = setInterval(() => {
      const elapsed = performance.now() - answeredAt;
      if (elapsed > limits.time || readInAll > limits.bytes) socket.destroy();
      if (elapsed < limits.pause) return;
      readInStep = 0;
      request.resume();
    }, limits.step);
    steps.unref();
    socket.once("close", () => clearInterval(steps));
  };
}

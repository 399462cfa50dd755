import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers that are out before the request is all in, as a 413 is. A connection that is closed while bytes come in is
 * reset, and its client may never see the answer; so it is given time to, and what it sends meanwhile is read and
 * thrown away (RFC 9112, "Tear-down").
 */

const limits = {
  /** milliseconds without reading, in which a client that can only write while somebody reads looks up */
  pause: 100,
  /** milliseconds in all */
  time: 10_000,
  /** bytes, since they cost memory for a while */
  bytes: 16 * 1024 ** 2,
  /** milliseconds, and bytes at most in each: between two steps such a client looks up again */
  step: 10,
  bytesAStep: 512 * 1024,
};

/** Whether a request brings a body, be it an empty one that comes in chunks. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** To be called when the headers of `response` are about to be sent. */
export function closeAfterUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || !hasBody(request)) return;
  const { socket } = request;
  response.setHeader("Connection", "close");
  // A body that nobody has begun to read, Node would read to its end.
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

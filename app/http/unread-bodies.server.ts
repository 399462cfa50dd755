import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers that are out before the request is all in, as a 413 is. A connection that is closed while bytes come in is
 * reset, and its client may never see the answer; so what still comes is read, thrown away, and only then is it closed
 * (RFC 9112, "Tear-down").
 */

/** What a client is given to notice that it was answered: milliseconds, and bytes, since they cost memory for a while. */
const limits = { time: 10_000, bytes: 16 * 1024 ** 2 };

/** To be called when the headers of `response` are about to be sent. */
export function closeAfterUnreadBody(
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.complete) return;
  const { socket } = request;
  response.setHeader("Connection", "close");
  // What Node calls when the last answer of a connection has been sent.
  socket.destroySoon = () => {
    socket.end();
    if (request.complete) {
      socket.destroy();
      return;
    }
    request.removeAllListeners("data");
    let read = 0;
    request.on("data", (chunk: Buffer) => {
      read += chunk.byteLength;
      if (read > limits.bytes) socket.destroy();
    });
    request.once("end", () => socket.destroy());
    request.resume();
    setTimeout(() => socket.destroy(), limits.time).unref();
  };
}

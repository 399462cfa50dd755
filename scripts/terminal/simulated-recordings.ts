import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Recordings as Twilio's REST API serves them, for simulated calls. */

const rate = 8_000;

/** A WAV file (RIFF, 16 bits, mono) of two tones that take turns. */
export function simulatedSound(seconds: number): Buffer {
  const samples = rate * seconds;
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) {
    const pitch = Math.floor((at / rate) * 2) % 2 ? 523 : 392;
    const volume = 8_000 * (1 - (((at / rate) * 2) % 1));
    file.writeInt16LE(
      Math.round(volume * Math.sin((2 * Math.PI * pitch * at) / rate)),
      44 + at * 2,
    );
  }
  return file;
}

/** Sends a file, or the part of it that `Range` asks for (RFC 9110, 14). */
export function sendFile(
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  file: Buffer,
  type: string,
): void {
  const size = file.byteLength;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? "") ?? [];
  const isPart = first !== "" || last !== "";
  const from = first === "" ? Math.max(0, isPart ? size - Number(last) : 0) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (from > to) {
    response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
    return;
  }
  response.writeHead(isPart ? 206 : 200, {
    "Content-Type": type,
    "Content-Length": to - from + 1,
    ...(isPart && { "Content-Range": `bytes ${from}-${to}/${size}` }),
  });
  response.end(method === "HEAD" ? undefined : file.subarray(from, to + 1));
}

/**
 * Serves the same sound for every recording, at the address that stands in for Twilio's, until
 * `signal` is aborted.
 * @param address TWILIO_API_BASE_URL
 * @returns false if something is already served there
 */
export async function serveRecordings(address: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port } = new URL(address);
  const sound = simulatedSound(7);
  const server = createServer((request, response) => {
    if (!/\/Recordings\/RE[0-9a-f]{32}\.\w+$/.test(request.url ?? "")) {
      response.writeHead(404).end();
    } else if (request.method === "DELETE") response.writeHead(204).end();
    else sendFile(request, response, sound, "audio/wav");
  });
  server.listen(Number(port || 80), hostname.replace(/^\[|\]$/g, ""));
  try {
    await once(server, "listening", { signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
  signal.addEventListener("abort", () => {
    server.close();
    server.closeAllConnections();
  });
  return true;
}

/**
 * Whether an address that stands in for Twilio's is on this machine, so that recordings can be
 * served there.
 */
export function isOnThisMachine(address: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(address).hostname);
}

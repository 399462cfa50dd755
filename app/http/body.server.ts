import { finished, type Readable } from "node:stream";
import { nodeBodyOf } from "#app/server/web-request.server.ts";

/**
 * Bodies, read up to a limit: a larger one is refused by its declared length, or as soon as it
 * passes the limit.
 */

/** The most bytes that a form or a JSON document may have. */
export const bodyLimit = 16 * 1024;

export class BodyTooLargeError extends Error {
  override name = "BodyTooLargeError";
}

/** A body that is not what its type says, or whose type is not read here. */
export class BodyUnreadableError extends Error {
  override name = "BodyUnreadableError";
}

/**
 * @param limit bytes
 * @throws {BodyTooLargeError}
 */
export async function readBody(request: Request, limit: number = bodyLimit): Promise<Uint8Array> {
  if (Number(request.headers.get("Content-Length") ?? 0) > limit) {
    throw new BodyTooLargeError();
  }
  const body = nodeBodyOf(request);
  return body ? readStream(body, limit) : readWebStream(request.body, limit);
}

// Both leave the stream alone at the limit: cancelling it would cut the connection before the
// answer is out.

async function readWebStream(body: Request["body"], limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) break;
    size += part.value.byteLength;
    if (size > limit) throw new BodyTooLargeError();
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
}

function readStream(body: Readable, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (error?: Error | null) => {
      body.off("data", take);
      stopWaiting();
      if (!error) return resolve(Buffer.concat(chunks));
      body.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) settle(new BodyTooLargeError());
      else chunks.push(chunk);
    };
    const stopWaiting = finished(body, { writable: false }, settle);
    body.on("data", take);
  });
}

/** A form's text fields. If a field is sent several times, the first counts; files are ignored. */
export type FormFields = Record<string, string>;

/**
 * @throws {BodyTooLargeError}
 * @throws {BodyUnreadableError}
 */
export async function readForm(request: Request): Promise<FormFields> {
  const type = request.headers.get("Content-Type") ?? "";
  const body = await readBody(request);
  const fields = new Map<string, string>();
  // A form without fields needs no type.
  if (body.byteLength === 0) return {};
  try {
    const form = await new Response(body as BodyInit, {
      headers: { "Content-Type": type },
    }).formData();
    for (const [name, value] of form) {
      if (typeof value === "string" && !fields.has(name)) {
        fields.set(name, value);
      }
    }
  } catch {
    throw new BodyUnreadableError("The form could not be read.");
  }
  return Object.fromEntries(fields);
}

/**
 * @returns the JSON object of a body, and the text that it was sent as
 * @throws {BodyUnreadableError} if it is not JSON, or not an object
 */
export function jsonObjectOf(body: Uint8Array): { object: Record<string, unknown>; text: string } {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    value = JSON.parse(text);
  } catch {
    throw new BodyUnreadableError("The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BodyUnreadableError("The body must be a JSON object.");
  }
  return { object: value as Record<string, unknown>, text };
}

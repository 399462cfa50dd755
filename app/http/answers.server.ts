import { wholeResponse } from "#app/server/whole-response.server.ts";

/** Answers that are no pages. Those of the JSON API have `success` in every body. */

function answer(status: number, body: Record<string, unknown>, headers?: HeadersInit): Response {
  const all = new Headers(headers);
  all.set("Content-Type", "application/json; charset=utf-8");
  all.set("Cache-Control", "no-store");
  return wholeResponse(JSON.stringify(body), status, all);
}

export function json(
  body: Record<string, unknown>,
  { status = 200, headers }: { status?: number; headers?: HeadersInit } = {},
): Response {
  return answer(status, { success: true, ...body }, headers);
}

/** @param error one sentence, for people */
export function jsonError(
  status: number,
  error: string,
  { headers, fields }: { headers?: HeadersInit; fields?: Record<string, string> } = {},
): Response {
  return answer(status, { success: false, error, ...(fields && { fields }) }, headers);
}

/** An answer of one line, for whoever asked for something else. */
export function plainText(
  status: number,
  line: string,
  headers: Record<string, string> = {},
): Response {
  return wholeResponse(`${line}\n`, status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    ...headers,
  });
}

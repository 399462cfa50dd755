import { apiErrors, type ErrorCode } from "#app/http/api-errors.ts";
import { wholeResponse } from "#app/server/whole-response.server.ts";

/**
 * Answers that are not pages. In the JSON API every body has `success`, and every error a `code`.
 */

function answer(status: number, body: Record<string, unknown>, headers?: HeadersInit): Response {
  const all = new Headers(headers);
  all.set("Content-Type", "application/json; charset=utf-8");
  all.set("Cache-Control", "no-store");
  return wholeResponse(JSON.stringify(body), status, all);
}

/** A successful answer, 200 unless `status` says otherwise. */
export function json(
  body: Record<string, unknown>,
  { status = 200, headers }: { status?: number; headers?: HeadersInit } = {},
): Response {
  return answer(status, { success: true, ...body }, headers);
}

/** What an error answer contains besides its code. */
interface ErrorAnswer {
  /** one sentence for people, if there is more to say than the code's own sentence */
  error?: string;
  headers?: HeadersInit;
  /** field → what is wrong with it */
  fields?: Record<string, string>;
  /** the number that the company has */
  phoneNumber?: string;
}

/** An error, with the status of its code. */
export function jsonError(
  code: ErrorCode,
  { error = apiErrors[code].error, headers, fields, phoneNumber }: ErrorAnswer = {},
): Response {
  const body = {
    success: false,
    error,
    code,
    ...(fields && { fields }),
    ...(phoneNumber !== undefined && { phone_number: phoneNumber }),
  };
  return answer(apiErrors[code].status, body, headers);
}

/** A one-line answer, for requests that want neither a page nor JSON. */
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

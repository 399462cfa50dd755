import { createHash } from "node:crypto";
import type { Knex } from "knex";
import { database } from "#app/db.server.ts";
import { once, type KeptAnswer } from "#app/domain/idempotency.server.ts";
import type { ErrorCode } from "#app/http/api-errors.ts";
import { json, jsonError } from "#app/http/answers.server.ts";

/** The `Idempotency-Key` of a request: a repetition gets the first answer. */

/** A request that has such a header. */
interface KeyedRequest {
  request: Request;
  key: string;
  companyId: number;
  /** of the body, as it was sent */
  text: string;
}

/**
 * Answers a request once, and repetitions of it with the same bytes.
 * @param keeps the refusals that are kept, as successes are; any other leaves nothing done and the
 * key free
 * @param answer is given the transaction for everything it changes
 * @param afterwards is called when the answer is certain, and not for a repetition
 */
export async function answerOnce(
  { request, key, companyId, text }: KeyedRequest,
  keeps: readonly ErrorCode[],
  answer: (transaction: Knex) => Promise<Response>,
  afterwards: () => void,
): Promise<Response> {
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    return jsonError("invalid_fields", {
      error: "Idempotency-Key must have 1 to 255 letters, digits and signs, and no spaces",
    });
  }
  const { pathname, search } = new URL(request.url);
  const hash = createHash("sha256")
    .update(`${request.method} ${pathname}${search}\n${text}`)
    .digest("hex");
  const done = await once(database(), { companyId, key, hash }, async (transaction) => {
    const answered = await answer(transaction).catch(thrownResponse);
    const body = await answered.text();
    return { answered, body, kept: keptOf(answered.status, body, keeps) };
  });
  switch (done.outcome) {
    case "done": {
      const { answered, body } = done.result;
      afterwards();
      return new Response(body, answered);
    }
    case "done-before": {
      const { status, body } = done.answer;
      const { headers } = json({}, { headers: { "Idempotent-Replayed": "true" } });
      return new Response(body, { status, headers });
    }
    case "reused":
      return jsonError("idempotency_key_reused");
    case "in-progress":
      return jsonError("in_progress", { headers: { "Retry-After": "1" } });
  }
}

function thrownResponse(thrown: unknown): Response {
  if (thrown instanceof Response) return thrown;
  throw thrown;
}

function keptOf(status: number, body: string, keeps: readonly ErrorCode[]): KeptAnswer | undefined {
  const { success, code } = JSON.parse(body) as { success: boolean; code?: ErrorCode };
  return success || (code !== undefined && keeps.includes(code)) ? { status, body } : undefined;
}

import { jsonError } from "#app/http/answers.server.ts";
import { preflightAnswer, withCors } from "#app/http/cors.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/** Answers for paths that the API does not have. */
async function notFound(asked: Asked): Promise<Response> {
  const { request } = asked;
  const refusal = () => jsonError(isSameSite(asked) ? "not_found" : "cross_site");
  return withCors(request, preflightAnswer(request) ?? refusal());
}

export const loader = notFound;
export const action = notFound;

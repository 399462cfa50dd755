import { apiDocumentText } from "#app/http/api/document.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { preflightAnswer, withCors } from "#app/http/cors.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

async function answer(asked: Asked): Promise<Response> {
  const { request } = asked;
  return withCors(request, preflightAnswer(request) ?? document(asked));
}

function document(asked: Asked): Response {
  if (!isSameSite(asked)) return jsonError("cross_site");
  if (!/^(GET|HEAD)$/.test(asked.request.method)) {
    return jsonError("method_not_allowed", { headers: { Allow: "GET, HEAD" } });
  }
  return new Response(apiDocumentText(), {
    headers: { "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-cache" },
  });
}

export const loader = answer;
export const action = answer;

import type { ActionFunctionArgs, LoaderFunctionArgs } from "@remix-run/node";
import { BodyTooLargeError, BodyUnreadableError, readJsonObject } from "#app/http/body.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

interface ApiRequest extends Asked {
  /** the body's JSON object; empty for GET */
  body: Record<string, unknown>;
}

type ApiHandler = (api: ApiRequest) => Promise<Response>;

/**
 * A resource route of the JSON API: the methods it has, each with a handler; anything else is a 405 with `Allow`.
 * Handlers get a body that is known to be a JSON object and to come from no other site.
 */
export function apiRoute(handlers: { GET?: ApiHandler; POST?: ApiHandler }): {
  loader: (args: LoaderFunctionArgs) => Promise<Response>;
  action: (args: ActionFunctionArgs) => Promise<Response>;
} {
  const allow = Object.keys(handlers)
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
  const handle = async ({
    request,
    context,
  }: LoaderFunctionArgs | ActionFunctionArgs): Promise<Response> => {
    const asked = { request, context };
    try {
      if (!isSameSite(asked)) {
        return jsonError("cross_site");
      }
      const method = request.method === "HEAD" ? "GET" : request.method;
      const handler = method === "GET" || method === "POST" ? handlers[method] : undefined;
      if (!handler) {
        return jsonError("method_not_allowed", { headers: { Allow: allow } });
      }
      const body = method === "GET" ? {} : await readApiBody(request);
      return await handler({ ...asked, body });
    } catch (error) {
      return apiError(asked, error);
    }
  };
  return { loader: handle, action: handle };
}

async function readApiBody(request: Request): Promise<Record<string, unknown>> {
  const type = request.headers.get("Content-Type");
  // POST without a body, as for logging out, needs no type.
  const empty = request.body === null || request.headers.get("Content-Length") === "0";
  if (empty && type === null) return {};
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    throw jsonError("unsupported_media_type");
  }
  return readJsonObject(request);
}

function apiError({ context }: Asked, error: unknown): Response {
  if (error instanceof Response) return error;
  if (error instanceof BodyTooLargeError) {
    return jsonError("too_large", { headers: { Connection: "close" } });
  }
  if (error instanceof BodyUnreadableError) {
    return jsonError("invalid_json", { error: error.message });
  }
  const { code, message, headers } = faultAnswer(context, error);
  return jsonError(code, { error: message, headers });
}

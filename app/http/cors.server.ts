import { environment } from "#app/env.server.ts";

/**
 * Scripts of the origins in CORS_ORIGINS may use API tokens from a browser (Fetch Standard, "CORS
 * protocol"). Cookies are not allowed, so a script there cannot act for a company that is signed in
 * here.
 */

/**
 * The answer to a browser that asks whether a script may send a request; undefined for any other
 * request.
 */
export function preflightAnswer(request: Request): Response | undefined {
  if (request.method !== "OPTIONS" || !request.headers.has("Access-Control-Request-Method")) {
    return undefined;
  }
  return allowedOrigin(request) === undefined
    ? undefined
    : new Response(null, {
        status: 204,
        headers: {
          "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
          "Access-Control-Allow-Headers":
            "Authorization, Content-Type, Idempotency-Key, X-Request-Id",
          "Access-Control-Max-Age": "600",
        },
      });
}

/** Lets the script that asked read the answer, if its origin is on the list. */
export function withCors(request: Request, answer: Response): Response {
  if (environment().CORS_ORIGINS.length === 0) return answer;
  answer.headers.append("Vary", "Origin");
  const origin = allowedOrigin(request);
  if (origin !== undefined) {
    answer.headers.set("Access-Control-Allow-Origin", origin);
    answer.headers.set(
      "Access-Control-Expose-Headers",
      "Idempotent-Replayed, Retry-After, WWW-Authenticate, X-Request-Id",
    );
  }
  return answer;
}

function allowedOrigin(request: Request): string | undefined {
  const origin = request.headers.get("Origin");
  return environment().CORS_ORIGINS.find((allowed) => allowed === origin);
}

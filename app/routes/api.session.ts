import { apiRoute } from "#app/http/api-route.server.ts";
import { companyJson } from "#app/http/company-json.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { signedIn } from "#app/http/session.server.ts";

const route = apiRoute({
  GET: async (asked) => {
    const session = await signedIn(asked);
    if (!session) return jsonError("not_authenticated");
    return json(
      { company: companyJson(session.company) },
      session.setCookie ? { headers: { "Set-Cookie": session.setCookie } } : undefined,
    );
  },
});
export const loader = route.loader;
export const action = route.action;

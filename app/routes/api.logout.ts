import { apiRoute } from "#app/http/api-route.server.ts";
import { json } from "#app/http/answers.server.ts";
import { endSessionOf } from "#app/http/session.server.ts";

const route = apiRoute({
  POST: async (asked) => json({}, { headers: { "Set-Cookie": await endSessionOf(asked) } }),
});
export const loader = route.loader;
export const action = route.action;

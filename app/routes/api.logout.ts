import { logOutOperation } from "#app/http/api/account.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { endSessionOf } from "#app/http/session.server.ts";

const route = apiRoute(
  handle(logOutOperation, async ({ answer, ...asked }) =>
    answer({}, { headers: { "Set-Cookie": await endSessionOf(asked) } }),
  ),
);
export const loader = route.loader;
export const action = route.action;

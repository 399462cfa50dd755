import { database } from "#app/db.server.ts";
import { revokeToken } from "#app/domain/tokens.server.ts";
import { revokeTokenOperation } from "#app/http/api/tokens.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { by } from "#app/http/by.server.ts";

const route = apiRoute(
  handle(revokeTokenOperation, async ({ company, params: { id }, answer, ...asked }) =>
    (await revokeToken(database(), company.id, id, by(asked)))
      ? answer({})
      : jsonError("not_found"),
  ),
);
export const loader = route.loader;
export const action = route.action;

import { reading } from "#app/db.server.ts";
import { listCalls } from "#app/domain/calls.server.ts";
import { callJson, listCallsOperation } from "#app/http/api/calls.server.ts";
import { wrongCursor } from "#app/http/api/operation.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";

const route = apiRoute(
  handle(listCallsOperation, async ({ company, query, answer }) => {
    const page = await listCalls(reading(), company.id, query);
    if (!page.ok) return jsonError("invalid_query", { error: `${wrongCursor}.` });
    return answer({ calls: page.calls.map(callJson), next_cursor: page.nextCursor });
  }),
);
export const loader = route.loader;
export const action = route.action;

import { reading } from "#app/db.server.ts";
import { findCall } from "#app/domain/calls.server.ts";
import { callJson, callOperation } from "#app/http/api/calls.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";

const route = apiRoute(
  handle(callOperation, async ({ company, params, answer }) => {
    const call = await findCall(reading(), company.id, params.call_sid);
    return call ? answer({ call: callJson(call) }) : jsonError("not_found");
  }),
);
export const loader = route.loader;
export const action = route.action;

import { database, reading } from "#app/db.server.ts";
import { callHandlingFields } from "#app/domain/call-handling-form.server.ts";
import { callHandlingOf, saveCallHandling } from "#app/domain/call-handling.server.ts";
import {
  asApiErrors,
  callHandlingJson,
  formFieldsOf,
  getCallHandlingOperation,
  putCallHandlingOperation,
} from "#app/http/api/call-handling.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { whyNotSaved } from "#app/http/call-handling-words.server.ts";
import { checkFields } from "#app/http/fields.ts";

const route = apiRoute(
  handle(getCallHandlingOperation, async ({ company, answer }) => {
    const handling = await callHandlingOf(reading(), company.id);
    return handling
      ? answer({ call_handling: callHandlingJson(handling) })
      : jsonError("not_authenticated");
  }),
  handle(putCallHandlingOperation, async ({ company, body, answer }) => {
    const checked = checkFields(callHandlingFields, formFieldsOf(body));
    if (!checked.ok) {
      return jsonError("invalid_fields", { fields: asApiErrors(checked.errors) });
    }
    const outcome = await saveCallHandling(database(), company.id, checked.values);
    if (outcome !== "saved") {
      return jsonError("invalid_fields", { fields: { target: await whyNotSaved(outcome) } });
    }
    const handling = await callHandlingOf(database(), company.id);
    return handling
      ? answer({ call_handling: callHandlingJson(handling) })
      : jsonError("not_authenticated");
  }),
);
export const loader = route.loader;
export const action = route.action;

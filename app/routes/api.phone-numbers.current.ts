import { currentOperation } from "#app/http/api/phone-numbers.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";

const route = apiRoute(
  handle(currentOperation, async ({ company: { phoneNumber }, answer }) =>
    answer({ phone_number: phoneNumber, has_phone: phoneNumber !== null }),
  ),
);
export const loader = route.loader;
export const action = route.action;

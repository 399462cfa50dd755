import { apiRoute } from "#app/http/api-route.server.ts";
import { json } from "#app/http/answers.server.ts";
import { requireCompanyForApi } from "#app/http/session.server.ts";

const route = apiRoute({
  GET: async (asked) => {
    const { phoneNumber } = await requireCompanyForApi(asked);
    return json({ phone_number: phoneNumber, has_phone: phoneNumber !== null });
  },
});
export const loader = route.loader;
export const action = route.action;

import { apiRoute } from "#app/http/api-route.server.ts";
import { companyJson } from "#app/http/company-json.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { AccountFrozenError, SignInError, signInWith } from "#app/http/sign-in.server.ts";

const route = apiRoute({
  POST: async ({ body: { email, password }, ...asked }) => {
    if (typeof email !== "string" || typeof password !== "string") {
      return jsonError("invalid_fields", { error: "Email and password are required" });
    }
    try {
      const { company, headers } = await signInWith(asked, email, password);
      return json({ company: companyJson(company) }, { headers });
    } catch (error) {
      if (error instanceof SignInError) {
        return jsonError("not_authenticated", { error: error.message });
      }
      if (error instanceof AccountFrozenError) {
        return jsonError("account_closed", { error: error.message });
      }
      throw error;
    }
  },
});
export const loader = route.loader;
export const action = route.action;

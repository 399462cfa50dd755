import { database } from "#app/db.server.ts";
import { signUp, signUpFields } from "#app/domain/companies.server.ts";
import { apiRoute } from "#app/http/api-route.server.ts";
import { by } from "#app/http/by.server.ts";
import { companyJson } from "#app/http/company-json.ts";
import { checkFields } from "#app/http/fields.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { countSignUp } from "#app/http/rate-limits.server.ts";
import { signedInHeaders } from "#app/http/sign-in.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const route = apiRoute({
  POST: async (asked) => {
    const checked = checkFields(signUpFields, asked.body);
    if (!checked.ok) {
      return jsonError("invalid_fields", { fields: checked.errors });
    }
    await countSignUp(exchangeOf(asked.context).address);
    const result = await signUp(database(), checked.values, by(asked, "visitor"));
    if (result.outcome === "email-taken") {
      return jsonError("email_taken");
    }
    return json(
      { company: companyJson(result.company) },
      {
        status: 201,
        headers: await signedInHeaders(asked, result.company, "signed-up"),
      },
    );
  },
});
export const loader = route.loader;
export const action = route.action;

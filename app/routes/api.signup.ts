import { signUpFields } from "#app/domain/companies.server.ts";
import { apiRoute } from "#app/http/api-route.server.ts";
import { companyJson } from "#app/http/company-json.ts";
import { checkFields } from "#app/http/fields.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { countSignUp } from "#app/http/rate-limits.server.ts";
import { signUpWith } from "#app/http/sign-in.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const route = apiRoute({
  POST: async (asked) => {
    const checked = checkFields(signUpFields, asked.body);
    if (!checked.ok) {
      return jsonError("invalid_fields", { fields: checked.errors });
    }
    await countSignUp(exchangeOf(asked.context).address);
    const signedUp = await signUpWith(asked, checked.values);
    if (!signedUp) return jsonError("email_taken");
    const { company, headers } = signedUp;
    return json({ company: companyJson(company) }, { status: 201, headers });
  },
});
export const loader = route.loader;
export const action = route.action;

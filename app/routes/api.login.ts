import { companyJson, logInOperation } from "#app/http/api/account.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { AccountFrozenError, SignInError, signInWith } from "#app/http/sign-in.server.ts";

const route = apiRoute(
  handle(logInOperation, async ({ body: { email, password }, answer, ...asked }) => {
    try {
      const { company, headers } = await signInWith(asked, email, password);
      return answer({ company: companyJson(company) }, { headers });
    } catch (error) {
      if (error instanceof SignInError) {
        return jsonError("not_authenticated", { error: error.message });
      }
      if (error instanceof AccountFrozenError) {
        return jsonError("account_closed", { error: error.message });
      }
      throw error;
    }
  }),
);
export const loader = route.loader;
export const action = route.action;

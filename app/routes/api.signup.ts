import { database } from "#app/db.server.ts";
import { signUp } from "#app/domain/companies.server.ts";
import { companyJson, signUpOperation } from "#app/http/api/account.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { by } from "#app/http/by.server.ts";
import { countSignUp } from "#app/http/rate-limits.server.ts";
import { signedInHeaders } from "#app/http/sign-in.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const route = apiRoute(
  handle(signUpOperation, async ({ body, answer, ...asked }) => {
    await countSignUp(exchangeOf(asked.context).address);
    const result = await signUp(database(), body, by(asked, "visitor"));
    if (result.outcome === "email-taken") return jsonError("email_taken");
    return answer(
      { company: companyJson(result.company) },
      { headers: await signedInHeaders(asked, result.company, "signed-up") },
    );
  }),
);
export const loader = route.loader;
export const action = route.action;

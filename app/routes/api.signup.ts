import { companyJson, signUpOperation } from "#app/http/api/account.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { signUpWith } from "#app/http/sign-in.server.ts";

const route = apiRoute(
  handle(signUpOperation, async ({ body, answer, ...asked }) => {
    const signedUp = await signUpWith(asked, body);
    if (!signedUp) return jsonError("email_taken");
    const { company, headers } = signedUp;
    return answer({ company: companyJson(company) }, { headers });
  }),
);
export const loader = route.loader;
export const action = route.action;

import { companyJson, sessionOperation } from "#app/http/api/account.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";
import { signedIn } from "#app/http/session.server.ts";

const route = apiRoute(
  handle(sessionOperation, async ({ company, answer, ...asked }) => {
    const byToken = exchangeOf(asked.context).tokenId !== undefined;
    const setCookie = byToken ? undefined : (await signedIn(asked))?.setCookie;
    return answer(
      { company: companyJson(company) },
      setCookie ? { headers: { "Set-Cookie": setCookie } } : undefined,
    );
  }),
);
export const loader = route.loader;
export const action = route.action;

import { database, reading } from "#app/db.server.ts";
import { listTokens, makeToken, mostTokens } from "#app/domain/tokens.server.ts";
import { listTokensOperation, makeTokenOperation, tokenJson } from "#app/http/api/tokens.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { challenge } from "#app/http/bearer.server.ts";
import { by } from "#app/http/by.server.ts";
import { sessionId } from "#app/http/session.server.ts";

const route = apiRoute(
  handle(listTokensOperation, async ({ company, answer }) => {
    const tokens = await listTokens(reading(), company.id);
    return answer({ tokens: tokens.map(tokenJson) });
  }),
  handle(makeTokenOperation, async ({ company, body, answer, ...asked }) => {
    const made = await makeToken(database(), company.id, body, by(asked), sessionId(asked));
    if (made.outcome === "signed-out")
      return jsonError("not_authenticated", { headers: challenge() });
    if (made.outcome === "too-many-tokens") {
      return jsonError("invalid_fields", {
        error: `A company has ${mostTokens} tokens at most. Revoke one first`,
      });
    }
    return answer({ token: { ...tokenJson(made.token), token: made.secret } });
  }),
);
export const loader = route.loader;
export const action = route.action;

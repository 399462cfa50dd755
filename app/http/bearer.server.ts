import { database, reading } from "#app/db.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { findToken, isToken, noteTokenUse, type Scope } from "#app/domain/tokens.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { countTokenRequest } from "#app/http/rate-limits.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** Bearer tokens (RFC 6750): only the JSON API takes them, pages do not. */

/** The token in a request's header, not yet checked; undefined if there is no such header. */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get("Authorization");
  return header === null ? undefined : /^bearer(?= |$) *(.*)$/i.exec(header)?.[1];
}

/**
 * The header that says how to sign in (RFC 9110, "WWW-Authenticate") and what is wrong with the
 * token sent.
 */
export const challenge = (fault = "") => ({ "WWW-Authenticate": `Bearer realm="api"${fault}` });

/**
 * The company that owns a token, or a thrown JSON 401, 403 or 429.
 * @param scope what the token must allow; `none` if no token will do
 */
export async function companyOfToken(
  asked: Asked,
  token: string,
  scope: Scope | "any" | "none",
): Promise<Company> {
  const found = isToken(token) ? await findToken(reading(), token) : undefined;
  if (!found) {
    throw invalid(isToken(token) ? "The token is unknown or was revoked" : "That is no token");
  }
  const { id, company, scopes, expired, stale } = found;
  if (expired) throw invalid("The token has expired");
  const exchange = exchangeOf(asked.context);
  exchange.companyId = company.id;
  exchange.tokenId = id;
  await countTokenRequest(id);
  if (scope === "none") {
    throw jsonError("insufficient_scope", { error: "A session may do this, and no token" });
  }
  if (scope !== "any" && !scopes.includes(scope)) {
    throw jsonError("insufficient_scope", {
      error: `The token lacks the scope ${scope}`,
      headers: challenge(`, error="insufficient_scope", scope="${scope}"`),
    });
  }
  if (stale) await noteTokenUse(database(), id);
  return company;
}

const invalid = (why: string) =>
  jsonError("not_authenticated", {
    headers: challenge(`, error="invalid_token", error_description="${why}"`),
  });

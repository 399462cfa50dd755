import { z } from "zod";
import { mostTokens, scopes, tokenFields, type Token } from "#app/domain/tokens.server.ts";
import { answerOf, namedSchemas, operation, time } from "#app/http/api/operation.server.ts";

/** API tokens, for a signed-in company. */

const token = z
  .object({
    id: z.int(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    created_at: time,
    expires_at: time.nullable(),
    last_used_at: time.nullable().meta({ description: "To the hour" }),
  })
  .register(namedSchemas, { id: "Token" });

export function tokenJson(shown: Token): z.input<typeof token> {
  return {
    id: shown.id,
    name: shown.name,
    scopes: shown.scopes,
    created_at: shown.createdAt,
    expires_at: shown.expiresAt,
    last_used_at: shown.lastUsedAt,
  };
}

const example = {
  id: 1,
  name: "Nightly export",
  scopes: ["numbers:read" as const, "calls:read" as const],
  created_at: "2026-11-22T10:00:00Z",
  expires_at: null,
  last_used_at: null,
};

export const listTokensOperation = operation({
  id: "listTokens",
  method: "GET",
  path: "/api/tokens",
  tag: "Tokens",
  summary: "List the tokens",
  description: "The newest first, also those that have expired. None shows the token itself.",
  who: "session",
  answer: { status: 200, schema: answerOf({ tokens: z.array(token) }) },
  example: { answer: { tokens: [example] } },
});

export const makeTokenOperation = operation({
  id: "makeToken",
  method: "POST",
  path: "/api/tokens",
  tag: "Tokens",
  summary: "Make a token",
  description: `\`token\` is shown in this answer and never again. A company has ${mostTokens} at most.`,
  who: "session",
  body: tokenFields,
  answer: {
    status: 201,
    schema: answerOf({ token: token.extend({ token: z.string() }) }),
  },
  example: {
    body: { name: example.name, scopes: example.scopes },
    answer: {
      token: { ...example, token: "cpn_0lbnHTPh4Sk2xJr8Xw5FqUyZtV6mC1dGeA9oQ3iN7uB0s4Wk" },
    },
  },
});

export const revokeTokenOperation = operation({
  id: "revokeToken",
  method: "DELETE",
  path: "/api/tokens/{id}",
  tag: "Tokens",
  summary: "Revoke a token",
  description: "From this moment on it is refused.",
  who: "session",
  params: z.object({
    id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  }),
  answer: { status: 200, schema: answerOf({}) },
  errors: ["not_found"],
  example: { params: { id: "1" }, answer: {} },
});

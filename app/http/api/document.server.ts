import { z } from "zod";
import { scopes } from "#app/domain/tokens.server.ts";
import { environment } from "#app/env.server.ts";
import {
  logInOperation,
  logOutOperation,
  sessionOperation,
  signUpOperation,
} from "#app/http/api/account.server.ts";
import {
  getCallHandlingOperation,
  putCallHandlingOperation,
} from "#app/http/api/call-handling.server.ts";
import { callOperation, listCallsOperation, messageOperation } from "#app/http/api/calls.server.ts";
import { errorsOf, tags, type Operation } from "#app/http/api/operation.server.ts";
import {
  assignOperation,
  availableOperation,
  currentOperation,
} from "#app/http/api/phone-numbers.server.ts";
import {
  listTokensOperation,
  makeTokenOperation,
  revokeTokenOperation,
} from "#app/http/api/tokens.server.ts";
import { named, plain, ref, type Json } from "#app/http/api/json-schema.server.ts";
import { parametersOf } from "#app/http/api/parameters.server.ts";
import { apiErrors, errorCodes, type ErrorCode } from "#app/http/api-errors.ts";

/** The OpenAPI 3.1 document, built from the schemas that check real requests. */

/** Everything the API can do, in the documentation's order. */
export const operations: readonly Operation[] = [
  availableOperation,
  assignOperation,
  currentOperation,
  listCallsOperation,
  callOperation,
  messageOperation,
  getCallHandlingOperation,
  putCallHandlingOperation,
  signUpOperation,
  logInOperation,
  logOutOperation,
  sessionOperation,
  listTokensOperation,
  makeTokenOperation,
  revokeTokenOperation,
];

/** The document, for this installation. */
export function apiDocument(): Json {
  const { PUBLIC_URL, SITE_NAME } = environment();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = described(operation);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: `${SITE_NAME} API`,
      version: "1",
      description:
        "JSON in, JSON out. Every body has `success`; an error has a stable `code` beside its sentence. Every answer has `X-Request-Id`, the same as in the operator's log.",
      license: { name: "Proprietary", url: `${PUBLIC_URL}/` },
    },
    servers: [{ url: PUBLIC_URL }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: { ...named(), ...errorSchemas() },
      headers: {
        RetryAfter: {
          description: "Seconds until it is worth asking again",
          schema: { type: "integer" },
        },
        IdempotentReplayed: {
          description: "`true` on a stored answer, if the request is a repeat",
          schema: { type: "string", const: "true" },
        },
      },
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: `An API token with the scope that the call names: ${scopes.join(", ")}`,
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: PUBLIC_URL.startsWith("https:") ? "__Host-session" : "session",
          description: "The cookie that signing up or signing in sets",
        },
      },
    },
  };
}

let text: string | undefined;

/** The same as JSON. Built once, because it takes a tenth of a second. */
export function apiDocumentText(): string {
  return (text ??= JSON.stringify(apiDocument()));
}

function described(operation: Operation): Json {
  const { id, tag, summary, description, who, body, answer, keeps, example } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    security:
      who === "anyone"
        ? []
        : who === "session"
          ? [{ session: [] }]
          : [{ token: who === "any-token" ? [] : [who] }, { session: [] }],
    ...(parametersOf(operation).length > 0 && { parameters: parametersOf(operation) }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          "application/json": { schema: plain(body, "input"), example: example.body },
        },
      },
    }),
    responses: {
      ...(answer.sound
        ? soundAnswers
        : {
            [answer.status]: {
              description: "Done",
              ...(keeps && {
                headers: { "Idempotent-Replayed": ref("headers", "IdempotentReplayed") },
              }),
              content: {
                "application/json": {
                  schema: plain(answer.schema, "output"),
                  example: { success: true, ...example.answer },
                },
              },
            },
          }),
      ...refusals(operation),
    },
  };
}

const sound = { "audio/mpeg": { schema: { type: "string", format: "binary" } } };
const soundAnswers: Json = {
  200: { description: "The sound", content: sound },
  206: { description: "The part that `Range` asks for", content: sound },
  416: { description: "There is no such part" },
};

function refusals(operation: Operation): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(operation)) {
    const { status } = apiErrors[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const schemas = codes.map((code) => ref("schemas", errorName(code)));
      return [
        status,
        {
          description: codes.map((code) => `\`${code}\`: ${apiErrors[code].means}`).join(" "),
          ...((status === 429 || status === 503) && {
            headers: { "Retry-After": ref("headers", "RetryAfter") },
          }),
          content: {
            "application/json": { schema: schemas.length === 1 ? schemas[0] : { oneOf: schemas } },
          },
        },
      ];
    }),
  );
}

/** `email_taken` → `EmailTaken` */
const errorName = (code: ErrorCode) =>
  code.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

function errorSchemas(): Json {
  // The others belong to no operation: an unknown path or method.
  const used = new Set(operations.flatMap((operation) => errorsOf(operation)));
  return Object.fromEntries(
    errorCodes
      .filter((code) => used.has(code))
      .map((code) => [errorName(code), plain(errorSchema(code), "output")]),
  );
}

/** The body of an error. */
export function errorSchema(code: ErrorCode): z.ZodObject {
  const { error, means } = apiErrors[code];
  return z
    .object({
      success: z.literal(false),
      error: z.string().meta({ description: "One sentence, for people", examples: [error] }),
      code: z.literal(code),
      ...(code === "invalid_fields" && {
        fields: z
          .record(z.string(), z.string())
          .optional()
          .meta({ description: "Field → what is wrong with it" }),
      }),
      ...(code === "company_already_has_phone_number" && {
        phone_number: z.string().meta({ description: "The number that the company has" }),
      }),
    })
    .meta({ description: means });
}

import { z } from "zod";
import type { Scope } from "#app/domain/tokens.server.ts";
import type { ErrorCode } from "#app/http/api-errors.ts";

/**
 * One call of the JSON API: who may make it, what it takes and what it answers. Its schemas check
 * requests, type answers and produce the OpenAPI document, so that what is documented is what
 * happens.
 */

/** A session or a token with the scope; a session or any token; only a session; anybody. */
export type Who = Scope | "any-token" | "session" | "anyone";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The chapters of the documentation, in their order. */
export const tags = {
  "Phone numbers": "The available numbers, and the one that is the company's for ever.",
  Calls: "The call log of the company's number.",
  "Call handling": "What happens when somebody calls the company's number.",
  Account: "Signing up, signing in and out. A session is a cookie.",
  Tokens: "API tokens are made and revoked with a session, never with a token.",
} as const;

export interface Operation<
  W extends Who = Who,
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodObject = z.ZodObject,
> {
  /** a verb and a noun, as a generated client calls it */
  id: string;
  method: Method;
  /** with parameters in braces, named as in the route's file */
  path: `/api/${string}`;
  tag: keyof typeof tags;
  summary: string;
  description?: string;
  who: W;
  /** a path that does not fit it is answered 404 */
  params?: Params;
  query?: Query;
  body?: Body;
  /** how an invalid body is refused, if not with `invalid_fields` */
  refusal?: (body: Record<string, unknown>) => Response;
  /** with `sound`, the answer is an audio file, not JSON */
  answer: { status: 200 | 201; schema: Answer; sound?: true };
  /** its refusals besides those of every call: see {@link errorsOf} */
  errors?: readonly ErrorCode[];
  /**
   * for a POST that takes an Idempotency-Key: the refusals that come from the rule, and are kept
   * with the key
   */
  keeps?: readonly ErrorCode[];
  /** the documented request, which the tests send, and its answer */
  example: {
    params?: Record<string, string>;
    query?: Record<string, string>;
    body?: z.input<Body>;
    answer: Omit<z.input<Answer>, "success">;
  };
}

/** Infers an operation's type from its definition. */
export function operation<
  W extends Who,
  Answer extends z.ZodObject,
  Params extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodObject<Record<never, never>>,
>(said: Operation<W, Params, Query, Body, Answer>): Operation<W, Params, Query, Body, Answer> {
  return said;
}

/** Every error that an operation may answer with, its own first. */
export function errorsOf({ method, who, body, query, errors = [], keeps }: Operation): ErrorCode[] {
  const changes = method !== "GET";
  const codes: (ErrorCode | false)[] = [
    ...errors,
    query !== undefined && "invalid_query",
    changes && method !== "DELETE" && "invalid_json",
    (body !== undefined || keeps !== undefined) && "invalid_fields",
    who !== "anyone" && "not_authenticated",
    who !== "anyone" && "insufficient_scope",
    changes && "cross_site",
    keeps !== undefined && "idempotency_key_reused",
    keeps !== undefined && "in_progress",
    changes && method !== "DELETE" && "too_large",
    changes && method !== "DELETE" && "unsupported_media_type",
    "rate_limited",
    "internal",
    "unavailable",
  ];
  return [...new Set(codes.filter((code) => code !== false))];
}

/** Schemas that have a name in the document. */
export const namedSchemas = z.registry<{ id: string }>();

/** The body of a successful answer. */
export function answerOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ success: z.literal(true), ...shape });
}

/** RFC 3339, UTC, to the second. */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .meta({ format: "date-time", description: "UTC, to the second" });

/** A number as answers have it. */
export const e164 = z
  .string()
  .regex(/^\+\d+$/)
  .meta({ description: "E.164: + and digits" });

/** A whole number of a query. */
export function wholeNumber(name: string, min: number, max: number) {
  const error = `${name} must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (text) => (typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : text),
    z.int({ error }).min(min, { error }).max(max, { error }),
  );
}

export const wrongCursor = "cursor must be the next_cursor of a page before";
/** Where a page of a query begins; a page says itself whether it knows the place. */
export const cursor = z
  .string()
  .max(255, { error: wrongCursor })
  .optional()
  .meta({ description: "`next_cursor` of the previous page" });

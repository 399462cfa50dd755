import type { ActionFunctionArgs, LoaderFunctionArgs } from "@remix-run/node";
import type { Knex } from "knex";
import type { z } from "zod";
import { database } from "#app/db.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import type { Operation, Who } from "#app/http/api/operation.server.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { bearerOf, companyOfToken } from "#app/http/bearer.server.ts";
import {
  BodyTooLargeError,
  BodyUnreadableError,
  jsonObjectOf,
  readBody,
} from "#app/http/body.server.ts";
import { preflightAnswer, withCors } from "#app/http/cors.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { answerOnce } from "#app/http/idempotency-key.server.ts";
import { requireCompanyForApi } from "#app/http/session.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/**
 * A call of an operation, by a caller who may make it, with its input as parsed by the operation's
 * schemas.
 */
interface ApiCall<W extends Who, Params, Query, Body, Answer> extends Asked {
  company: W extends "anyone" ? undefined : Company;
  params: Params;
  query: Query;
  body: Body;
  /** for everything the call changes: a transaction, if the request has an Idempotency-Key */
  db: Knex;
  /** a success */
  answer: (body: Omit<Answer, "success">, init?: { headers?: HeadersInit }) => Response;
  /** runs `note` once the answer is certain, so that it only reports what has really happened */
  afterwards: (note: () => void) => void;
}

/** An operation and its handler. */
interface Handled {
  operation: Operation;
  handler: (call: ApiCall<Who, unknown, unknown, unknown, unknown>) => Promise<Response>;
}

/** Answers an operation with `handler`. */
export function handle<
  W extends Who,
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Answer extends z.ZodObject,
>(
  operation: Operation<W, Params, Query, Body, Answer>,
  handler: (
    call: ApiCall<W, z.output<Params>, z.output<Query>, z.output<Body>, z.input<Answer>>,
  ) => Promise<Response>,
): Handled {
  // `apiRoute` has already checked the call against the operation's own schemas.
  return {
    operation,
    handler: (call) =>
      handler(
        call as ApiCall<W, z.output<Params>, z.output<Query>, z.output<Body>, z.input<Answer>>,
      ),
  };
}

/**
 * A resource route of the JSON API: the operations of its path; any other method gets a 405 with
 * `Allow`. A handler gets the input of its operation, for a company that may make the call, and is
 * never called for another site's page.
 */
export function apiRoute(...handled: Handled[]): {
  loader: (args: LoaderFunctionArgs) => Promise<Response>;
  action: (args: ActionFunctionArgs) => Promise<Response>;
} {
  const byMethod = new Map(handled.map((one) => [one.operation.method as string, one]));
  const allow = [...byMethod.keys()]
    .flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    .join(", ");
  const answer = async ({ request, context, params }: ActionFunctionArgs): Promise<Response> => {
    const asked = { request, context };
    const preflight = preflightAnswer(request);
    if (preflight) return withCors(request, preflight);
    try {
      const one = byMethod.get(request.method === "HEAD" ? "GET" : request.method);
      const bearer = one?.operation.who === "anyone" ? undefined : bearerOf(request);
      if (bearer === undefined && !isSameSite(asked)) throw jsonError("cross_site");
      if (!one) throw jsonError("method_not_allowed", { headers: { Allow: allow } });
      const company = await caller(asked, one.operation.who, bearer);
      return withCors(request, await answerTo(one, { asked, params, company }));
    } catch (error) {
      return withCors(request, apiError(asked, error));
    }
  };
  return { loader: answer, action: answer };
}

/**
 * The company that is calling. A token takes precedence over a session: a client that sends both
 * means the token.
 */
async function caller(
  asked: Asked,
  who: Who,
  bearer: string | undefined,
): Promise<Company | undefined> {
  if (who === "anyone") return undefined;
  if (bearer === undefined) return requireCompanyForApi(asked);
  const scope = who === "session" ? "none" : who === "any-token" ? "any" : who;
  return companyOfToken(asked, bearer, scope);
}

interface Called {
  asked: Asked;
  params: Record<string, string | undefined>;
  company: Company | undefined;
}

async function answerTo({ operation, handler }: Handled, called: Called): Promise<Response> {
  const { request } = called.asked;
  const takesBody = operation.method === "POST" || operation.method === "PUT";
  const sent = takesBody ? await readApiBody(operation, request) : nothing;
  const notes: (() => void)[] = [];
  const afterwards = () => notes.forEach((note) => note());
  const call = async (db: Knex) => {
    const body = bodyOf(operation, sent.object);
    const [params, query] = [paramsOf(operation, called), queryOf(operation, request)];
    return handler({
      ...called.asked,
      company: called.company as Company,
      params,
      query,
      body,
      db,
      answer: (shown, init) =>
        json(shown as Record<string, unknown>, { status: operation.answer.status, ...init }),
      afterwards: (note) => notes.push(note),
    });
  };
  const key = operation.keeps && request.headers.get("Idempotency-Key");
  if (operation.keeps && typeof key === "string" && called.company) {
    const keyed = { request, key, companyId: called.company.id, text: sent.text };
    return answerOnce(keyed, operation.keeps, call, afterwards);
  }
  const answer = await call(database());
  afterwards();
  return answer;
}

const nothing: ReturnType<typeof jsonObjectOf> = { object: {}, text: "" };

async function readApiBody(operation: Operation, request: Request): Promise<typeof nothing> {
  const type = request.headers.get("Content-Type");
  const isJson = /^application\/json\s*(;|$)/i.test(type ?? "");
  const refused = !isJson && Number(request.headers.get("Content-Length") ?? 0) > 0;
  if (refused) throw jsonError("unsupported_media_type");
  const body = await readBody(request);
  // An empty body needs no type; if no body is wanted, clients may still name one.
  if (body.byteLength === 0 && (type === null || !operation.body)) return nothing;
  if (!isJson) throw jsonError("unsupported_media_type");
  return jsonObjectOf(body);
}

function bodyOf({ body, refusal }: Operation, sent: Record<string, unknown>): unknown {
  if (!body) return undefined;
  const checked = checkFields(body, sent);
  if (checked.ok) return checked.values;
  throw refusal?.(sent) ?? jsonError("invalid_fields", { fields: checked.errors });
}

function paramsOf({ params }: Operation, called: Called): unknown {
  if (!params) return undefined;
  const checked = params.safeParse(called.params);
  if (checked.success) return checked.data;
  throw jsonError("not_found");
}

function queryOf({ query }: Operation, request: Request): unknown {
  if (!query) return undefined;
  // An empty value is how a form or a template says "none".
  const given = [...new URL(request.url).searchParams].filter(([, value]) => value !== "");
  const checked = checkFields(query, Object.fromEntries(given));
  if (checked.ok) return checked.values;
  throw jsonError("invalid_query", { error: Object.values(checked.errors)[0] });
}

function apiError({ context }: Asked, error: unknown): Response {
  if (error instanceof Response) return error;
  if (error instanceof BodyTooLargeError) {
    return jsonError("too_large", { headers: { Connection: "close" } });
  }
  if (error instanceof BodyUnreadableError) {
    return jsonError("invalid_json", { error: error.message });
  }
  const { code, message, headers } = faultAnswer(context, error);
  return jsonError(code, { error: message, headers });
}

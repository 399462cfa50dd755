import type { ActionFunctionArgs } from "@remix-run/node";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import type { CallEvent } from "#app/domain/call-events.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { environment } from "#app/env.server.ts";
import { plainText } from "#app/http/answers.server.ts";
import { BodyTooLargeError, readBody } from "#app/http/body.server.ts";
import { answerWithin, deadline, DeadlineError } from "#app/twilio/deadline.server.ts";
import { log, logFault } from "#app/log/log.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/** A request that Twilio has signed. */
export interface TwilioRequest extends Asked {
  /**
   * what the request says about its call; `at` is Twilio's own time if it gives one, otherwise now
   */
  event: CallEvent;
  /** a field of the body, or undefined if it was not sent */
  field: (name: string) => string | undefined;
  /** the query of the webhook's address, which is signed too */
  query: URLSearchParams;
  /** waits for the database, until the time for the whole answer is up */
  inTime: <T>(work: Promise<T>) => Promise<T>;
  /** logs an error; work that is not done in time is the database's fault */
  logFault: (error: unknown) => void;
}

type TwilioHandler = (twilio: TwilioRequest) => Promise<Response>;

// Twilio's error 11750 names the same limit for what it takes.
const bodyLimit = 64 * 1024;

/**
 * A webhook of Twilio's: only POST, and only with a correct signature; anybody else learns nothing.
 * The signed address is `PUBLIC_URL` and the path, whatever a proxy says.
 * @param fault answers if the handler throws; the error is logged
 */
export function twilioRoute(
  handler: TwilioHandler,
  fault: (twilio: TwilioRequest) => Response,
): {
  loader: () => Response;
  action: (args: ActionFunctionArgs) => Promise<Response>;
} {
  return {
    loader: methodNotAllowed,
    action: async ({ request, context }) => {
      const asked = { request, context };
      if (request.method !== "POST") return methodNotAllowed();
      if (!isSameSite(asked)) return plainText(403, "Forbidden");
      const twilio = await verified(asked);
      if (twilio instanceof Response) return twilio;
      try {
        return await handler(twilio);
      } catch (error) {
        twilio.logFault(error);
        return fault(twilio);
      }
    },
  };
}

const methodNotAllowed = () => plainText(405, "Method not allowed", { Allow: "POST" });

let missingTokenSaid = false;

async function verified(asked: Asked): Promise<TwilioRequest | Response> {
  const { request } = asked;
  const { TWILIO_AUTH_TOKEN, TWILIO_ACCOUNT_SID } = environment();
  // An empty token would let forgeries through.
  if (!TWILIO_AUTH_TOKEN) {
    if (!missingTokenSaid) {
      missingTokenSaid = true;
      log.error(
        "Twilio's webhooks are answered with 503: TWILIO_AUTH_TOKEN is not set, so no request can be verified.",
      );
    }
    return plainText(503, "Calls are not configured on this server");
  }
  let fields: URLSearchParams;
  try {
    const body = await readBody(request, bodyLimit);
    fields = new URLSearchParams(new TextDecoder().decode(body));
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    return plainText(413, "Too large", { Connection: "close" });
  }
  if (!isSigned(TWILIO_AUTH_TOKEN, request, fields)) {
    return forbidden(
      asked,
      `X-Twilio-Signature is not right for ${environment().PUBLIC_URL}: check TWILIO_AUTH_TOKEN and PUBLIC_URL`,
    );
  }
  // Fields are signed with nothing between them, so that `CallSid=CA1` and `CallSi=dCA1` are signed
  // alike.
  const callSid = fields.get("CallSid") ?? "";
  const account = fields.get("AccountSid") ?? "";
  if (!/^CA[0-9a-fA-F]{32}$/.test(callSid)) {
    return forbidden(asked, "CallSid is none");
  }
  if (TWILIO_ACCOUNT_SID && account !== TWILIO_ACCOUNT_SID) {
    return forbidden(asked, "AccountSid is not TWILIO_ACCOUNT_SID");
  }
  const field = (name: string) => fields.get(name)?.replaceAll("\0", "");
  const query = new URL(request.url).searchParams;
  return {
    ...asked,
    event: {
      callSid,
      from: field("From")?.slice(0, 255),
      to: (field("To") ?? query.get("to") ?? undefined)?.slice(0, 255),
      status: field("CallStatus"),
      at: eventTime(field("Timestamp")),
    },
    field,
    query,
    inTime: deadline(answerWithin),
    logFault: (error) =>
      logFault(
        exchangeOf(asked.context),
        error,
        error instanceof DeadlineError || isDatabaseUnavailable(error),
      ),
  };
}

function forbidden({ context }: Asked, why: string): Response {
  log.warn(
    { requestId: exchangeOf(context).requestId },
    `a request to a Twilio webhook was refused: ${why}`,
  );
  return plainText(403, "Forbidden");
}

/**
 * Whether Twilio has signed a request: its address as `PUBLIC_URL` has it, and the fields of its
 * body. Source: Twilio's documentation, "Webhooks security".
 */
export function isSigned(authToken: string, request: Request, fields: URLSearchParams): boolean {
  return validateRequest(
    authToken,
    request.headers.get("X-Twilio-Signature") ?? "",
    signedAddress(request),
    asSigned(fields),
  );
}

// Nothing that a proxy, or anybody, says in Host and X-Forwarded-… matters.
function signedAddress(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return environment().PUBLIC_URL + pathname + search;
}

/** The fields as `validateRequest` takes them; one that was sent several times is a list. */
function asSigned(fields: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const [first = "", ...more] = fields.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}

/** @param timestamp RFC 2822, as callbacks have it; a time far from now is not believed */
function eventTime(timestamp: string | undefined): Date {
  const now = Date.now();
  const at = Date.parse(timestamp ?? "");
  return new Date(Math.abs(at - now) < 24 * 60 * 60 * 1000 ? at : now);
}

/** `"42"` → 42; undefined for anything but a number of seconds. */
export function wholeSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

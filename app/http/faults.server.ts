import type { AppLoadContext } from "@remix-run/node";
import type { SpentBudget } from "#app/domain/assignment-budget.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { PasswordsBusyError } from "#app/domain/passwords.server.ts";
import { UnknownOutcomeError } from "#app/domain/phone-numbers.server.ts";
import { apiErrors, type ErrorCode } from "#app/http/api-errors.ts";
import { logFault } from "#app/log/log.server.ts";
import { TooManyAttemptsError } from "#app/http/rate-limits.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

/**
 * What a client is told about an error not caused by its input: no driver text, no stack. The log
 * has the rest.
 */
export interface FaultAnswer {
  /** for the JSON API */
  code: ErrorCode;
  status: 429 | 500 | 503;
  message: string;
  headers: Record<string, string>;
}

/** A sentence that says in minutes how long to wait. */
function tryAgainIn(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return `Try again in ${minutes === 1 ? "a minute" : `${minutes} minutes`}.`;
}

/** What a client is told if its choice has to wait because the hour's assignments are spent. */
export function budgetAnswer({ retryAfter }: SpentBudget) {
  return {
    message: `Many numbers are being assigned right now. ${tryAgainIn(retryAfter)}`,
    headers: { "Retry-After": String(retryAfter) },
  };
}

/** Decides what a client is told about `error`, and logs what an operator needs to know. */
export function faultAnswer(context: AppLoadContext, error: unknown): FaultAnswer {
  if (error instanceof PasswordsBusyError) {
    return {
      code: "rate_limited",
      status: 429,
      message: "Too many people are signing in right now. Try again in a moment.",
      headers: { "Retry-After": "2" },
    };
  }
  if (error instanceof TooManyAttemptsError) {
    return {
      code: "rate_limited",
      status: 429,
      message: `Too many attempts. ${tryAgainIn(error.retryAfter)}`,
      headers: { "Retry-After": String(error.retryAfter) },
    };
  }
  const cause = error instanceof UnknownOutcomeError ? error.cause : error;
  logFault(exchangeOf(context), cause);
  return isDatabaseUnavailable(cause)
    ? {
        code: "unavailable",
        status: 503,
        message: apiErrors.unavailable.error,
        headers: { "Retry-After": "2" },
      }
    : {
        code: "internal",
        status: 500,
        message: apiErrors.internal.error,
        headers: {},
      };
}

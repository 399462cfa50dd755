import type { AppLoadContext } from "@remix-run/node";
import { log } from "#app/log/log.server.ts";
import { countAssignment } from "#app/log/metrics.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** What happened to accounts and numbers, for later inquiry: who, what, when; nothing secret. */

/** What to do about a spent budget, for operators. */
export const budgetAdvice =
  "the hour's assignments are spent: `npm run numbers` shows who has them, and with `-- --open-for 60` lifts the limit for an hour";

/**
 * A try to assign a number; the number itself is in the database.
 * @param outcome of `assignPhoneNumber`
 */
export function noteAssignment({ context }: Asked, companyId: number, outcome: string): void {
  countAssignment(outcome);
  write(context, "assignment", { companyId, outcome });
  if (outcome === "budget-spent") warnOfBudget();
}

/** Milliseconds between two warnings of this process. */
const warnEvery = 60_000;
let warnedAt = -Infinity;

// At the first refusal, so that an operator can look while it is happening.
function warnOfBudget(): void {
  if (performance.now() - warnedAt < warnEvery) return;
  warnedAt = performance.now();
  log.warn(budgetAdvice);
}

/** A company signed up or in, or somebody was refused; for refusals the account is not named. */
export function noteSignIn(
  { context }: Asked,
  outcome: "signed-up" | "signed-in" | "refused" | "throttled",
  companyId?: number,
): void {
  write(context, "sign-in", { outcome, ...(companyId && { companyId }) });
}

function write(context: AppLoadContext, event: string, fields: Record<string, unknown>): void {
  const { requestId, address } = exchangeOf(context);
  log.info({ event, ...fields, requestId, address }, event);
}

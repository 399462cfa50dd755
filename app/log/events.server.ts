import type { AppLoadContext } from "@remix-run/node";
import { log } from "#app/log/log.server.ts";
import { countAssignment } from "#app/log/metrics.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** What happened to accounts and numbers, for whoever has to look into it later: who, what, when; nothing secret. */

/** A try to assign a number; the number itself is in the database. @param outcome of `assignPhoneNumber` */
export function noteAssignment({ context }: Asked, companyId: number, outcome: string): void {
  countAssignment(outcome);
  write(context, "assignment", { companyId, outcome });
}

/** A company signed up or in, or somebody was refused; of those it is not told which account was meant. */
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

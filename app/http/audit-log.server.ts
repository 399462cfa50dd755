import { log } from "#app/http/log.server.ts";
import { countAssignment } from "#app/http/metrics.server.ts";

/** What happened to accounts and numbers, for whoever has to look into it later: who, what, when; nothing secret. */

/** A try to assign a number; the number itself is in the database. @param outcome of `assignPhoneNumber` */
export function noteAssignment(
  request: Request,
  companyId: number,
  outcome: string,
): void {
  countAssignment(outcome);
  write(request, "assignment", { companyId, outcome });
}

/** A company signed up or in, or somebody was refused; of those it is not told which account was meant. */
export function noteSignIn(
  request: Request,
  outcome: "signed-up" | "signed-in" | "refused" | "throttled",
  companyId?: number,
): void {
  write(request, "sign-in", { outcome, ...(companyId && { companyId }) });
}

function write(
  request: Request,
  event: string,
  fields: Record<string, unknown>,
): void {
  log.info(
    {
      event,
      ...fields,
      requestId: request.headers.get("x-request-id"),
      address: request.headers.get("x-client-address"),
    },
    event,
  );
}

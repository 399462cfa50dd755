import { reading } from "#app/db.server.ts";
import { readAudit, type AuditEvent, type RecordedEvent } from "#app/domain/audit.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { shownTime, type ShownTime } from "#app/http/shown-time.server.ts";

/** What happened to an account, as its company's page shows it. */
export interface ShownEvent {
  id: number;
  /** `Signed in` */
  what: string;
  /** `from 192.0.2.1`, `by the service` */
  who: string;
  time: ShownTime;
}

const words = {
  "signed-up": "Signed up",
  "signed-in": "Signed in",
  "sign-in-refused": "A sign-in was refused",
  "signed-out": "Signed out",
  "session-ended": "A session was ended",
  "other-sessions-ended": "All other sessions were ended",
  "password-changed": "The password was changed",
  "reset-link-made": "A link to a new password was made",
  "recovery-refused": "A recovery code was refused",
  "password-reset": "The password was reset with a link",
  "recovery-codes-made": "Recovery codes were made",
  "email-verified": "The email address was verified",
  "email-change-requested": "Another email address was asked for",
  "email-changed": "The email address was changed",
  "account-changed": "Account details were changed",
  "account-exported": "The account's data was downloaded",
  "company-frozen": "The account was closed for now",
  "company-unfrozen": "The account was opened again",
  "call-handling-changed": "Call handling was changed",
  "message-deleted": "A message was deleted",
  "caller-blocked": "A caller was blocked",
  "caller-unblocked": "A caller was unblocked",
  "token-made": "An API token was made",
  "token-revoked": "An API token was revoked",
  assigned: "The phone number was assigned",
} as const satisfies Partial<Record<AuditEvent, string>>;

const shown = Object.keys(words) as (keyof typeof words)[];
const count = 15;

/** The newest of a company's events, the newest first. */
export async function shownEvents({ id, timeZone }: Company): Promise<ShownEvent[]> {
  const events = await readAudit(reading(), { companyId: id, events: shown }, count);
  return events.map((event) => ({
    id: event.id,
    what: words[event.event as keyof typeof words],
    who: whoOf(event),
    time: shownTime(event.at, timeZone),
  }));
}

// An operator's address is nobody's business.
function whoOf({ actor, address }: RecordedEvent): string {
  if (actor === "operator" || actor === "service") return "by the service";
  const from = address === null ? "" : `from ${address}`;
  return actor.startsWith("token:") ? `by an API token ${from}`.trim() : from || "from somewhere";
}

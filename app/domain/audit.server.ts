import type { Knex } from "knex";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * What happened to accounts and numbers, for later inquiry. Rows are only ever added: the
 * database's own triggers see to that (rules/). Companies are ids, never emails, and nothing secret
 * goes in.
 */

/** All that is recorded. A name, once released, stays what it is. */
export const auditEvents = [
  "signed-up",
  "signed-in",
  "sign-in-refused",
  "signed-out",
  "session-ended",
  "other-sessions-ended",
  "password-changed",
  "reset-requested",
  "reset-link-made",
  "recovery-refused",
  "password-reset",
  "recovery-codes-made",
  "email-verified",
  "email-change-requested",
  "email-changed",
  "account-changed",
  "account-exported",
  "account-erased",
  "company-frozen",
  "company-unfrozen",
  "caller-erased",
  "call-handling-changed",
  "message-deleted",
  "caller-blocked",
  "caller-unblocked",
  "token-made",
  "token-revoked",
  "assigned",
  "assignment-refused",
  "assignments-opened",
  "numbers-added",
  "rules-restored",
  "damage-repaired",
] as const;
export type AuditEvent = (typeof auditEvents)[number];

/** Who did it: a signed-in company, a visitor, an API token, an operator, or the program itself. */
export type Actor = "company" | "visitor" | "operator" | "service" | `token:${number | string}`;

/** Who is asking, and from where. */
export interface By {
  actor: Actor;
  /** the client's address */
  address?: string | undefined;
  requestId?: string | undefined;
}

/** The program itself, acting unasked. */
export const service: By = { actor: "service" };
export const operator: By = { actor: "operator" };

/** An event to record. */
export interface NewAuditEvent extends By {
  event: AuditEvent;
  companyId?: number | null | undefined;
  /** flat, small, and nothing secret */
  details?: Record<string, string | number | boolean | null> | undefined;
}

/**
 * Adds a line to the audit trail.
 * @param db the transaction of the event itself, so that neither exists without the other
 */
export async function recordEvent(db: Knex, event: NewAuditEvent, now = new Date()): Promise<void> {
  const { companyId, actor, address, requestId, details } = event;
  await db("audit_events").insert({
    at: toDatabaseTime(now),
    event: event.event,
    company_id: companyId ?? null,
    actor,
    address: address ?? null,
    request_id: requestId ?? null,
    details: details === undefined ? null : JSON.stringify(details),
  });
}

/** A line of the audit trail. */
export interface RecordedEvent {
  id: number;
  /** RFC 3339, UTC */
  at: string;
  event: AuditEvent;
  companyId: number | null;
  actor: Actor;
  address: string | null;
  requestId: string | null;
  details: Record<string, unknown> | null;
}

/** Which lines of the audit trail to read. */
export interface AuditFilter {
  companyId?: number | undefined;
  events?: readonly AuditEvent[] | undefined;
  actor?: Actor | undefined;
  address?: string | undefined;
  /** not before this time */
  since?: Date | undefined;
  /** only lines after the one with this id */
  afterId?: number | undefined;
}

/** The newest `limit` lines that match `filter`, newest first. */
export async function readAudit(
  db: Knex,
  filter: AuditFilter,
  limit: number,
): Promise<RecordedEvent[]> {
  const { companyId, events, actor, address, since, afterId } = filter;
  const rows = await db("audit_events")
    .where((query) => {
      if (companyId !== undefined) void query.where({ company_id: companyId });
      if (events) void query.whereIn("event", events);
      if (actor !== undefined) void query.where({ actor });
      if (address !== undefined) void query.where({ address });
      if (since) void query.where("at", ">=", toDatabaseTime(since));
      if (afterId !== undefined) void query.where("id", ">", afterId);
    })
    .orderBy("id", "desc")
    .limit(limit)
    .select("id", "at", "event", "company_id", "actor", "address", "request_id", "details");
  return rows.map((row) => ({
    id: row.id,
    at: toRfc3339(row.at),
    event: row.event,
    companyId: row.company_id,
    actor: row.actor,
    address: row.address,
    requestId: row.request_id,
    details: row.details === null ? null : (JSON.parse(row.details) as Record<string, unknown>),
  }));
}

/** How many lines are deleted at once, few enough to take no time. */
const expiredAtOnce = 5_000;

/**
 * Deletes the oldest lines older than `days`. Nothing else may delete any: the triggers check
 * `audit_kept`.
 * @returns how many were deleted; at most one batch
 */
export async function expireAudit(db: Knex, days: number, now = new Date()): Promise<number> {
  const since = toDatabaseTime(new Date(now.getTime() - days * 24 * 60 * 60 * 1000));
  return db.transaction(async (transaction) => {
    await transaction("audit_kept").where({ id: 1 }).update({ since });
    const oldest = transaction("audit_events")
      .where("at", "<", since)
      .orderBy("id")
      .limit(expiredAtOnce)
      .select("id");
    return Number(await transaction("audit_events").whereIn("id", oldest).delete());
  });
}

import type { Knex } from "knex";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { isWithheld } from "#app/domain/callers.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * Whose calls a company does not take: callers it has blocked, and, if it wants, all who withhold
 * their number.
 */

/** How many callers a company may block. */
export const mostBlocked = 1_000;

/** A caller as calls have it (E.164, `sip:…`), and since when it is blocked (RFC 3339, UTC). */
export interface BlockedCaller {
  caller: string;
  blockedAt: string;
}

/** What happens to callers who withhold their number. */
export const withheldChoices = ["as-others", "message", "refuse"] as const;
export type WithheldChoice = (typeof withheldChoices)[number];

/** The company's, newest first. */
export async function blockedCallers(db: Knex, companyId: number): Promise<BlockedCaller[]> {
  const rows = await db("blocked_callers")
    .where({ company_id: companyId })
    .orderBy([{ column: "blocked_at", order: "desc" }, { column: "caller" }])
    .select("caller", "blocked_at");
  return rows.map(({ caller, blocked_at }) => ({ caller, blockedAt: toRfc3339(blocked_at) }));
}

/** The outcome of {@link blockCaller}; a caller who is blocked already stays blocked. */
export type Blocking =
  | "blocked"
  /** there is no number to recognise the caller by */
  | "withheld"
  /** there are {@link mostBlocked} */
  | "too-many";

/** Blocks whoever made one of the company's calls. */
export async function blockCallerOf(
  db: Knex,
  companyId: number,
  callSid: string,
  by: By = service,
  now = new Date(),
): Promise<Blocking | "no-such-call"> {
  const call = await db("calls")
    .where({ call_sid: callSid, company_id: companyId })
    .first("from_number");
  if (!call) return "no-such-call";
  return blockCaller(db, companyId, call.from_number ?? "", by, now);
}

/** Stops taking calls from `caller`: a number in E.164, or whatever else calls have. */
export async function blockCaller(
  db: Knex,
  companyId: number,
  caller: string,
  by: By = service,
  now = new Date(),
): Promise<Blocking> {
  if (isWithheld(caller)) return "withheld";
  return db.transaction(async (transaction) => {
    const added = await transaction("blocked_callers")
      .insert({ company_id: companyId, caller, blocked_at: toDatabaseTime(now) })
      .onConflict(["company_id", "caller"])
      .ignore()
      .returning("caller");
    if (added.length === 0) return "blocked";
    const total = await transaction("blocked_callers")
      .where({ company_id: companyId })
      .count({ total: "*" })
      .first<{ total: number }>();
    if (Number(total?.total) > mostBlocked) {
      await transaction("blocked_callers").where({ company_id: companyId, caller }).delete();
      return "too-many";
    }
    // It does not say whom: callers can be forgotten, the audit trail cannot.
    await recordEvent(transaction, { event: "caller-blocked", companyId, ...by });
    return "blocked";
  });
}

/** Takes a caller's calls again. @returns whether the caller was blocked */
export async function unblockCaller(
  db: Knex,
  companyId: number,
  caller: string,
  by: By = service,
): Promise<boolean> {
  return db.transaction(async (transaction) => {
    const lifted = await transaction("blocked_callers")
      .where({ company_id: companyId, caller })
      .delete();
    if (lifted === 0) return false;
    await recordEvent(transaction, { event: "caller-unblocked", companyId, ...by });
    return true;
  });
}

/** The company's choice for withheld numbers; by default their calls are taken like all others. */
export async function withheldChoiceOf(db: Knex, companyId: number): Promise<WithheldChoice> {
  const row = await db("withheld_callers").where({ company_id: companyId }).first("what");
  return row?.what ?? "as-others";
}

/** Saves what happens to callers who withhold their number. */
export async function saveWithheldChoice(
  db: Knex,
  companyId: number,
  choice: WithheldChoice,
  by: By = service,
): Promise<void> {
  await db.transaction(async (transaction) => {
    const rows = transaction("withheld_callers");
    if (choice === "as-others") await rows.where({ company_id: companyId }).delete();
    else {
      await rows.insert({ company_id: companyId, what: choice }).onConflict("company_id").merge();
    }
    const details = { withheld: choice };
    await recordEvent(transaction, { event: "call-handling-changed", companyId, ...by, details });
  });
}

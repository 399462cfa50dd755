import type { Knex } from "knex";
import {
  dropLinks,
  findLink,
  lockCompany,
  makeLink,
  spendLink,
} from "#app/domain/account-links.server.ts";
import { companiesByEmail, foldedEmail } from "#app/domain/adopted-emails.server.ts";
import { recordEvent, type By } from "#app/domain/audit.server.ts";
import { isUniqueViolation } from "#app/domain/database-errors.server.ts";
import { queueMail, sendsMail } from "#app/domain/mail-queue.server.ts";
import { requireOpenSession, SessionEndedError } from "#app/domain/own-sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * Emails that their company has proved it reads, by a link sent there; and how a company changes
 * its email. The proof holds for that spelling only, and goes when the email changes.
 */

class LinkSpentError extends Error {}

/** Whether a company's email is verified. */
export async function isEmailVerified(db: Knex, companyId: number): Promise<boolean> {
  const row: unknown = await db("verified_emails as v")
    .join("companies as c", (on) => on.on("c.id", "v.company_id").andOn("c.email", "v.email"))
    .where("c.id", companyId)
    .first("c.id");
  return row !== undefined;
}

/** Records that a company reads the mail of an address. */
export async function noteVerified(db: Knex, companyId: number, email: string): Promise<void> {
  await db("verified_emails")
    .insert({ company_id: companyId, email, verified_at: toDatabaseTime() })
    .onConflict("company_id")
    .merge();
}

/** Sends a link that proves a company's email, or the one that it has asked for. */
export async function requestVerification(db: Knex, companyId: number): Promise<void> {
  const { current, next } = await emailsOf(db, companyId);
  const address = next ?? current;
  if (address !== undefined) await queueMail(db, { kind: "verify-email", companyId, address });
}

/**
 * The token of the link that a mail to `address` carries; undefined if the company no longer has
 * anything to do with it.
 */
export async function verifyLinkForMail(
  db: Knex,
  companyId: number,
  address: string,
): Promise<string | undefined> {
  const { current, next } = await emailsOf(db, companyId);
  if (address !== current && address !== next) return undefined;
  return makeLink(db, "verify", { companyId, via: "email", address, codeHash: null });
}

/** A company's email, and the one that it has asked for but not verified yet. */
async function emailsOf(
  db: Knex,
  companyId: number,
): Promise<{ current: string | undefined; next: string | undefined }> {
  const row = await db("companies as c")
    .leftJoin("email_changes as e", "e.company_id", "c.id")
    .where("c.id", companyId)
    .first<{ current: string; next: string | null } | undefined>(
      "c.email as current",
      "e.email as next",
    );
  return { current: row?.current, next: row?.next ?? undefined };
}

/** Whether a company's email is verified, and which it has asked for instead. */
export async function emailState(
  db: Knex,
  companyId: number,
): Promise<{ verified: boolean; pending: string | null }> {
  const [verified, { next }] = await Promise.all([
    isEmailVerified(db, companyId),
    emailsOf(db, companyId),
  ]);
  return { verified, pending: next ?? null };
}

/** Cancels a {@link requestEmailChange}; its link stops working. */
export async function forgetEmailChange(db: Knex, companyId: number): Promise<void> {
  await db("email_changes").where({ company_id: companyId }).delete();
}

/**
 * The outcome of {@link requestEmailChange}; "signed-out" if the requesting session has ended
 * meanwhile.
 */
export type EmailChange = "link-sent" | "changed" | "email-taken" | "same-email" | "signed-out";

/**
 * Changes a company's email once the new address is verified, or at once if no mail is configured.
 * The caller must have checked the password.
 * @param email as the sign-up form's field gives it
 * @param sessionId the requesting session
 */
export async function requestEmailChange(
  db: Knex,
  companyId: number,
  email: string,
  by: By,
  sessionId?: string,
): Promise<EmailChange> {
  const { current } = await emailsOf(db, companyId);
  if (email === current) return "same-email";
  if (await isTaken(db, companyId, email)) return "email-taken";
  try {
    if (!sendsMail()) return await changeEmail(db, companyId, email, by, { sessionId });
    await db.transaction(async (transaction) => {
      await lockCompany(transaction, companyId);
      await transaction("email_changes")
        .insert({ company_id: companyId, email, asked_at: toDatabaseTime() })
        .onConflict("company_id")
        .merge();
      await requireOpenSession(transaction, companyId, sessionId);
      await queueMail(transaction, { kind: "verify-email", companyId, address: email });
      await recordEvent(transaction, { event: "email-change-requested", companyId, ...by });
    });
    return "link-sent";
  } catch (error) {
    if (error instanceof SessionEndedError) return "signed-out";
    throw error;
  }
}

async function isTaken(db: Knex, companyId: number, email: string): Promise<boolean> {
  const folded = foldedEmail(email);
  const taken: unknown = await db("companies")
    .whereRaw(`id in (${companiesByEmail})`, [folded, folded])
    .whereNot({ id: companyId })
    .first("id");
  return taken !== undefined;
}

async function changeEmail(
  db: Knex,
  companyId: number,
  email: string,
  by: By,
  { token, sessionId }: { token?: string; sessionId?: string | undefined },
): Promise<"changed" | "email-taken"> {
  if (await isTaken(db, companyId, email)) return "email-taken";
  try {
    await db.transaction(async (transaction) => {
      await lockCompany(transaction, companyId);
      if (token !== undefined && !(await spendLink(transaction, "verify", token))) {
        throw new LinkSpentError();
      }
      const asked = await transaction("email_changes")
        .where({ company_id: companyId, ...(token !== undefined && { email }) })
        .delete();
      // Another address has been asked for since.
      if (token !== undefined && asked === 0) throw new LinkSpentError();
      await requireOpenSession(transaction, companyId, sessionId);
      const before = await transaction("companies").where({ id: companyId }).first("email");
      await transaction("companies")
        .where({ id: companyId })
        .update({ email, updated_at: toDatabaseTime() });
      await dropLinks(transaction, companyId, "reset");
      if (token !== undefined) await noteVerified(transaction, companyId, email);
      await recordEvent(transaction, { event: "email-changed", companyId, ...by });
      if (before) {
        await queueMail(transaction, { kind: "email-changed", companyId, address: before.email });
      }
    });
    return "changed";
  } catch (error) {
    if (isUniqueViolation(error)) return "email-taken";
    throw error;
  }
}

/** Whether a link of `/verify/TOKEN` can be used, and for what. Spends nothing. */
export async function verifyingWith(
  db: Knex,
  token: string,
): Promise<"verify" | "change" | undefined> {
  const link = await findLink(db, "verify", token);
  if (!link) return undefined;
  const { current, next } = await emailsOf(db, link.companyId);
  if (link.address === current) return "verify";
  return link.address === next ? "change" : undefined;
}

/**
 * Verifies a link's address, and makes it the company's email if that was asked for. The link is
 * spent.
 */
export async function verifyEmail(
  db: Knex,
  token: string,
  by: By,
): Promise<"verified" | "changed" | "email-taken" | "link-unusable"> {
  const link = await findLink(db, "verify", token);
  const purpose = link && (await verifyingWith(db, token));
  if (!link || !purpose) return "link-unusable";
  const { companyId, address } = link;
  try {
    if (purpose === "change") return await changeEmail(db, companyId, address, by, { token });
    await db.transaction(async (transaction) => {
      await lockCompany(transaction, companyId);
      if (!(await spendLink(transaction, "verify", token))) throw new LinkSpentError();
      const current = await transaction("companies").where({ id: companyId }).first("email");
      if (current?.email !== address) throw new LinkSpentError();
      await noteVerified(transaction, companyId, address);
      await recordEvent(transaction, { event: "email-verified", companyId, ...by });
    });
    return "verified";
  } catch (error) {
    if (error instanceof LinkSpentError) return "link-unusable";
    throw error;
  }
}

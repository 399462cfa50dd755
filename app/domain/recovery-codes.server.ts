import { randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { lockCompany, makeLink, secretHash } from "#app/domain/account-links.server.ts";
import { companiesByEmail, foldedEmail } from "#app/domain/adopted-emails.server.ts";
import { recordEvent, type By } from "#app/domain/audit.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { requireOpenSession, SessionEndedError } from "#app/domain/own-sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { query } from "#app/query.server.ts";

/**
 * Recovery codes: with one of them and the email, an owner who has lost the password gets back in
 * without any mail. Ten, of 80 bits each, shown once and kept as SHA-256; a code is spent when the
 * new password is set.
 */

const codesMade = 10;
/** Crockford's base 32, which has no letter that could be taken for a digit. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new code, `XXXX-XXXX-XXXX-XXXX`. */
function newCode(): string {
  const letters = Array.from(randomBytes(16), (byte) => alphabet[byte % 32]);
  return letters.join("").replace(/(.{4})(?=.)/g, "$1-");
}

/** A code as it is hashed: whatever its case and separators, and with O, I and L read as digits. */
export function meantCode(typed: string): string {
  return typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
}

/** A company's codes, without the secrets. */
export interface RecoveryCodes {
  /** how many are still unused */
  left: number;
  /** identifies the current codes; "" if none were ever made */
  batch: string;
}

/** How many codes a company has left, and which batch they are. */
export async function recoveryCodesOf(db: Knex, companyId: number): Promise<RecoveryCodes> {
  const rows = await db("recovery_codes")
    .where({ company_id: companyId })
    .select<{ batch: string; spent_at: string | null }[]>("batch", "spent_at");
  return {
    left: rows.filter(({ spent_at }) => spent_at === null).length,
    batch: rows[0]?.batch ?? "",
  };
}

/** The outcome of {@link makeRecoveryCodes}. */
export type CodesMade =
  /** the only codes that are valid now; they are kept nowhere else */
  | { outcome: "made"; codes: string[] }
  /** others have been made since the form was shown: a reload, or another tab */
  | { outcome: "made-already" }
  /** the requesting session has ended meanwhile */
  | { outcome: "signed-out" };

/**
 * Makes ten codes to replace the current ones.
 * @param batch the batch that was current when the form was shown ({@link RecoveryCodes})
 * @param sessionId the requesting session
 */
export async function makeRecoveryCodes(
  db: Knex,
  companyId: number,
  batch: string,
  by: By,
  sessionId?: string,
): Promise<CodesMade> {
  // No such name exists, and PostgreSQL would not even compare it with others.
  if (batch.includes("\0")) return { outcome: "made-already" };
  const codes = Array.from({ length: codesMade }, newCode);
  const next = randomBytes(12).toString("base64url");
  try {
    return await db.transaction(async (transaction): Promise<CodesMade> => {
      await lockCompany(transaction, companyId);
      const ofCompany = { company_id: companyId };
      // The write comes first: on SQLite it makes others wait.
      await transaction("recovery_codes")
        .where({ ...ofCompany, batch })
        .delete();
      await requireOpenSession(transaction, companyId, sessionId);
      if (await transaction("recovery_codes").where(ofCompany).first("batch")) {
        return { outcome: "made-already" };
      }
      await transaction("recovery_codes").insert(
        codes.map((code) => ({
          ...ofCompany,
          code_hash: secretHash(meantCode(code)),
          batch: next,
          made_at: toDatabaseTime(),
        })),
      );
      await recordEvent(transaction, { event: "recovery-codes-made", companyId, ...by });
      const company = await transaction("companies").where({ id: companyId }).first("email");
      if (company) {
        await queueMail(transaction, { kind: "codes-made", companyId, address: company.email });
      }
      return { outcome: "made", codes };
    });
  } catch (error) {
    if (error instanceof SessionEndedError) return { outcome: "signed-out" };
    throw error;
  }
}

/**
 * Exchanges an email and an unused code for a link to a new password. The code is not spent yet.
 * @param email in any case, with or without spaces around it
 * @returns the token of `/reset/TOKEN`, or undefined if the two do not belong together; an unknown
 *   email costs the same work
 */
export async function linkForCode(
  db: Knex,
  email: string,
  code: string,
  by: By,
): Promise<string | undefined> {
  const folded = foldedEmail(email);
  const codeHash = secretHash(meantCode(code));
  const [company] = await query<{ id: number; email: string }>(db, byEmail, [folded, folded]);
  const right = await db("recovery_codes")
    .where({ code_hash: codeHash, company_id: company?.id ?? 0 })
    .whereNull("spent_at")
    .first("batch");
  if (!company || !right) {
    await recordEvent(db, { event: "recovery-refused", companyId: company?.id, ...by });
    return undefined;
  }
  return db.transaction(async (transaction) => {
    const details = { via: "code" };
    await recordEvent(transaction, {
      event: "reset-link-made",
      companyId: company.id,
      ...by,
      details,
    });
    return makeLink(transaction, "reset", {
      companyId: company.id,
      via: "code",
      address: company.email,
      codeHash,
    });
  });
}

const byEmail = {
  name: "company id and email by email",
  sql: `select id, email from companies where id in (${companiesByEmail})`,
};

/** Spends a code; false if it was spent already or has been replaced. */
export async function spendCode(db: Knex, companyId: number, codeHash: string): Promise<boolean> {
  const spent = await db("recovery_codes")
    .where({ company_id: companyId, code_hash: codeHash })
    .whereNull("spent_at")
    .update({ spent_at: toDatabaseTime() });
  return spent > 0;
}

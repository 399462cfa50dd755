import type { Knex } from "knex";
import { z } from "zod";
import { dropLinks } from "#app/domain/account-links.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { guessable, isGuessable, newPasswordField } from "#app/domain/new-passwords.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { requireOpenSession, SessionEndedError } from "#app/domain/own-sessions.server.ts";
import { endSessions } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { forgetEmailChange } from "#app/domain/verified-emails.server.ts";

/** A signed-in company changes its password. */

/** The new password; the rules are those of sign-up. */
export function newPasswordFields({ companyName, ownerName, email }: Company) {
  return z.object({
    password: newPasswordField.refine(
      (password) => !isGuessable(password, [companyName, ownerName, email]),
      { error: guessable },
    ),
  });
}

/** What a new password ends besides sessions and links. */
export interface NewPasswordEnds {
  /**
   * recovery codes and API tokens too: somebody else may know the old password, and have made some
   */
  otherAccess?: boolean;
}

/** Ends a company's recovery codes and API tokens, if that was asked for with the new password. */
export async function endOtherAccess(
  trx: Knex,
  companyId: number,
  { otherAccess = false }: NewPasswordEnds,
): Promise<void> {
  if (!otherAccess) return;
  await trx("recovery_codes").where({ company_id: companyId }).delete();
  await trx("company_tokens").where({ company_id: companyId }).delete();
}

/** What the audit trail says of it. */
export const endedAccess = ({ otherAccess }: NewPasswordEnds): Record<string, string> =>
  otherAccess ? { ended: "recovery codes, API tokens" } : {};

/**
 * Changes the password and ends the company's other sessions, its password links, and any change of
 * email that waits to be confirmed: somebody else may have asked for it. Browsers that have signed
 * in before are strangers again (devices.server.ts). The caller must have checked the old password.
 * @param keepId the id of the requesting session
 * @param by for the audit trail
 * @returns "signed-out" if that session has ended meanwhile: somebody else has set a password, say
 * @throws {PasswordsBusyError} when too many wait
 */
export async function changePassword(
  db: Knex,
  { id: companyId, email }: Pick<Company, "id" | "email">,
  password: string,
  keepId: string,
  by: By = service,
  ends: NewPasswordEnds = {},
): Promise<{ outcome: "changed"; passwordHash: string } | { outcome: "signed-out" }> {
  const passwordHash = await hashPassword(password);
  try {
    await db.transaction(async (trx) => {
      // The write comes first: it and other changes to the account wait for each other.
      await trx("companies")
        .where({ id: companyId })
        .update({ password_hash: passwordHash, updated_at: toDatabaseTime() });
      await requireOpenSession(trx, companyId, keepId);
      await endSessions(trx, companyId, keepId);
      await dropLinks(trx, companyId, "reset");
      await forgetEmailChange(trx, companyId);
      await endOtherAccess(trx, companyId, ends);
      await queueMail(trx, { kind: "password-changed", companyId, address: email });
      const details = endedAccess(ends);
      await recordEvent(trx, { event: "password-changed", companyId, ...by, details });
    });
    return { outcome: "changed", passwordHash };
  } catch (error) {
    if (error instanceof SessionEndedError) return { outcome: "signed-out" };
    throw error;
  }
}

import type { Knex } from "knex";
import { z } from "zod";
import { dropLinks } from "#app/domain/account-links.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { guessable, isGuessable, newPasswordField } from "#app/domain/new-passwords.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { endSessions, listSessions } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** A company that is signed in sets another password. */

/** The new password, which is asked for what one at sign-up is. */
export function newPasswordFields({ companyName, ownerName, email }: Company) {
  return z.object({
    password: newPasswordField.refine(
      (password) => !isGuessable(password, [companyName, ownerName, email]),
      { error: guessable },
    ),
  });
}

class SignedOutError extends Error {}

/**
 * Sets another password and ends the company's sessions, but for the one that asks, and its links to a new password.
 * Browsers that have signed in before are strangers again (devices.server.ts). The old password is to have been asked
 * for.
 * @param keepId the id of the session that asks
 * @param by for the audit trail
 * @returns "signed-out" where that session has ended meanwhile: somebody else has set a password, say
 * @throws {PasswordsBusyError} when too many wait
 */
export async function changePassword(
  db: Knex,
  { id: companyId, email }: Pick<Company, "id" | "email">,
  password: string,
  keepId: string,
  by: By = service,
): Promise<"changed" | "signed-out"> {
  const passwordHash = await hashPassword(password);
  try {
    await db.transaction(async (trx) => {
      // First of all a write: whatever else changes the account waits for it, or it for that.
      await trx("companies")
        .where({ id: companyId })
        .update({ password_hash: passwordHash, updated_at: toDatabaseTime() });
      const [own] = await listSessions(trx, companyId, keepId);
      if (!own?.own) throw new SignedOutError();
      await endSessions(trx, companyId, keepId);
      await dropLinks(trx, companyId, "reset");
      await queueMail(trx, { kind: "password-changed", companyId, address: email });
      await recordEvent(trx, { event: "password-changed", companyId, ...by });
    });
    return "changed";
  } catch (error) {
    if (error instanceof SignedOutError) return "signed-out";
    throw error;
  }
}

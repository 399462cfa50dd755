import type { Knex } from "knex";
import { z } from "zod";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { guessable, isGuessable, newPasswordField } from "#app/domain/new-passwords.server.ts";
import { hashPassword, verifyPassword } from "#app/domain/passwords.server.ts";
import { endSessions } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** A company that is signed in proves its password again, or sets another. */

/** Whether `password` is the company's. @throws {PasswordsBusyError} when too many wait */
export async function isPasswordOf(
  db: Knex,
  companyId: number,
  password: string,
): Promise<boolean> {
  return (await verifyPassword(password, await hashOf(db, companyId))) !== "wrong";
}

async function hashOf(db: Knex, companyId: number): Promise<string | undefined> {
  const row = await db("companies")
    .where({ id: companyId })
    .first<{ password_hash: string } | undefined>("password_hash");
  return row?.password_hash;
}

/** The new password, which is asked for what one at sign-up is. */
export function newPasswordFields({ companyName, ownerName, email }: Company) {
  return z.object({
    password: newPasswordField.refine(
      (password) => !isGuessable(password, [companyName, ownerName, email]),
      { error: guessable },
    ),
  });
}

/**
 * Sets another password and ends the company's sessions, but for the one that asks. Browsers that have signed in before
 * are strangers again (devices.server.ts).
 * @param keepId the id of the session that asks
 * @param by for the audit trail
 * @returns "wrong" where `present` is not the password, or somebody has set another in the same moment
 */
export async function changePassword(
  db: Knex,
  companyId: number,
  { present, next }: { present: string; next: string },
  keepId: string,
  by: By = service,
): Promise<"changed" | "wrong"> {
  const before = await hashOf(db, companyId);
  if (before === undefined || (await verifyPassword(present, before)) === "wrong") return "wrong";
  const passwordHash = await hashPassword(next);
  return db.transaction(async (trx) => {
    const count = await trx("companies")
      .where({ id: companyId, password_hash: before })
      .update({ password_hash: passwordHash, updated_at: toDatabaseTime() });
    if (count === 0) return "wrong";
    await endSessions(trx, companyId, keepId);
    await recordEvent(trx, { event: "password-changed", companyId, ...by });
    return "changed";
  });
}

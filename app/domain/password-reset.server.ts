import type { Knex } from "knex";
import {
  countLinks,
  dropLinks,
  findLink,
  lockCompany,
  makeLink,
  spendLink,
  type AccountLink,
} from "#app/domain/account-links.server.ts";
import { companiesByEmail } from "#app/domain/adopted-emails.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import {
  endedAccess,
  endOtherAccess,
  type NewPasswordEnds,
} from "#app/domain/password-change.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { spendCode } from "#app/domain/recovery-codes.server.ts";
import { endSessions } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { forgetEmailChange, noteVerified } from "#app/domain/verified-emails.server.ts";
import { environment } from "#app/env.server.ts";

/**
 * A new password for an owner who has lost the old one, through a link from a recovery code, by
 * mail, or from an operator.
 */

/** How many mailed links a company may have at a time: more would only fill its mailbox. */
const mostByMail = 5;

/** The full address of a link. */
const resetAddress = (token: string) => `${environment().PUBLIC_URL}/reset/${token}`;

/**
 * Makes a one-use link to a new password, for an operator to hand to the company's owner; it lives
 * an hour.
 * @returns its full address, or undefined if there is no such company
 */
export async function makeResetLink(
  db: Knex,
  companyId: number,
  by: By,
): Promise<string | undefined> {
  const company = await db("companies").where({ id: companyId }).first("email");
  if (!company) return undefined;
  const link: AccountLink = { companyId, via: "operator", address: company.email, codeHash: null };
  return db.transaction(async (transaction) => {
    const details = { via: link.via };
    await recordEvent(transaction, { event: "reset-link-made", companyId, ...by, details });
    return resetAddress(await makeLink(transaction, "reset", link));
  });
}

/**
 * Has a link sent to an address, if a company has it. That is not checked here, so that every
 * request costs the same work.
 * @param address folded
 */
export async function requestResetLink(db: Knex, address: string, by: By): Promise<void> {
  await db.transaction(async (transaction) => {
    await queueMail(transaction, { kind: "reset-link", companyId: null, address });
    await recordEvent(transaction, { event: "reset-requested", ...by });
  });
}

/**
 * Makes the link that a mail carries.
 * @param address folded, as it was typed
 * @param isRetry whether a link made earlier may not have arrived
 * @returns the token, and the company's own spelling of the address, where the mail goes; undefined
 * if there is nobody to send it to, or they have been sent enough
 */
export async function resetLinkForMail(
  db: Knex,
  address: string,
  isRetry: boolean,
): Promise<{ token: string; email: string } | undefined> {
  const company = await db("companies")
    .whereRaw(`id in (${companiesByEmail})`, [address, address])
    .first<{ id: number; email: string } | undefined>("id", "email");
  if (!company) return undefined;
  const { id: companyId, email } = company;
  if (!isRetry && (await countLinks(db, companyId, "reset", "email")) >= mostByMail) {
    return undefined;
  }
  return db.transaction(async (transaction) => {
    const link: AccountLink = { companyId, via: "email", address: email, codeHash: null };
    const details = { via: link.via };
    await recordEvent(transaction, { event: "reset-link-made", companyId, ...service, details });
    return { token: await makeLink(transaction, "reset", link), email };
  });
}

/** Whose password a link sets. */
export interface Resetting {
  companyId: number;
  /** what the password must not be, as at sign-up */
  names: string[];
}

/** The account whose password a link sets; undefined if the link cannot be used. Spends nothing. */
export async function resettingWith(db: Knex, token: string): Promise<Resetting | undefined> {
  const link = await findLink(db, "reset", token);
  const company =
    link &&
    (await db("companies")
      .where({ id: link.companyId, email: link.address })
      .first("company_name", "owner_name", "email"));
  return (
    company && {
      companyId: link.companyId,
      names: [company.company_name, company.owner_name, company.email],
    }
  );
}

class LinkUnusableError extends Error {}

/**
 * Sets a new password. The link, and the code that it came from, are spent; every other link and
 * every session ends, as does a change of email waiting to be confirmed; the owner is told by mail.
 * Anything else about the account stays, such as its being frozen, and so do recovery codes and API
 * tokens unless `ends` says otherwise.
 * @returns "link-unusable" if the link or its code is unknown, used or expired, or the email has
 * changed since
 */
export async function resetPassword(
  db: Knex,
  token: string,
  password: string,
  by: By,
  ends: NewPasswordEnds = {},
): Promise<"reset" | "link-unusable"> {
  const link = await findLink(db, "reset", token);
  if (!link) return "link-unusable";
  const { companyId, via, address, codeHash } = link;
  const passwordHash = await hashPassword(password);
  try {
    await db.transaction(async (transaction) => {
      await lockCompany(transaction, companyId);
      if (!(await spendLink(transaction, "reset", token))) throw new LinkUnusableError();
      if (codeHash !== null && !(await spendCode(transaction, companyId, codeHash))) {
        throw new LinkUnusableError();
      }
      const changed = await transaction("companies")
        .where({ id: companyId, email: address })
        .update({ password_hash: passwordHash, updated_at: toDatabaseTime() });
      if (changed === 0) throw new LinkUnusableError();
      await dropLinks(transaction, companyId, "reset");
      await forgetEmailChange(transaction, companyId);
      await endSessions(transaction, companyId);
      await endOtherAccess(transaction, companyId, ends);
      if (via === "email") await noteVerified(transaction, companyId, address);
      await recordEvent(transaction, {
        event: "password-reset",
        companyId,
        ...by,
        details: { via, ...endedAccess(ends) },
      });
      await queueMail(transaction, { kind: "password-changed", companyId, address });
    });
    return "reset";
  } catch (error) {
    if (error instanceof LinkUnusableError) return "link-unusable";
    throw error;
  }
}

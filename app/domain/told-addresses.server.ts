import { randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { secretHash } from "#app/domain/account-links.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * The addresses that are told of a company's missed calls and messages. Each is confirmed by a link
 * that was sent there, unless it is the company's own and verified already; each mail has a link
 * that stops them.
 */

/** How many a company may have. */
export const mostTold = 5;

export interface ToldAddress {
  email: string;
  confirmed: boolean;
}

/** The company's, by name. */
export async function toldAddresses(db: Knex, companyId: number): Promise<ToldAddress[]> {
  const rows = await db("told_addresses")
    .where({ company_id: companyId })
    .orderBy("email")
    .select("email", "confirmed_at");
  return rows.map(({ email, confirmed_at }) => ({ email, confirmed: confirmed_at !== null }));
}

/** The outcome of {@link addToldAddress}; a "confirmed" address needs no link. */
export type Adding = "link-sent" | "confirmed" | "too-many";

/**
 * Adds an address, or sends the link there once more.
 * @param email as the sign-up form's field gives it
 */
export async function addToldAddress(
  db: Knex,
  companyId: number,
  email: string,
  by: By = service,
  now = new Date(),
): Promise<Adding> {
  return db.transaction(async (transaction) => {
    const verified: unknown = await transaction("verified_emails")
      .where({ company_id: companyId, email })
      .first("email");
    await transaction("told_addresses")
      .insert({
        company_id: companyId,
        email,
        added_at: toDatabaseTime(now),
        confirmed_at: verified ? toDatabaseTime(now) : null,
      })
      .onConflict(["company_id", "email"])
      .ignore();
    const all = await toldAddresses(transaction, companyId);
    if (all.length > mostTold) {
      await transaction("told_addresses").where({ company_id: companyId, email }).delete();
      return "too-many";
    }
    const details = { told: "added" };
    await recordEvent(transaction, { event: "call-handling-changed", companyId, ...by, details });
    if (all.find((one) => one.email === email)?.confirmed) return "confirmed";
    await queueMail(transaction, { kind: "told-confirm", companyId, address: email });
    return "link-sent";
  });
}

/** Stops telling an address. @returns whether it was being told */
export async function removeToldAddress(
  db: Knex,
  companyId: number,
  email: string,
  by: By = service,
): Promise<boolean> {
  // No address contains one, and PostgreSQL would not even compare it with others.
  if (email.includes("\0")) return false;
  return db.transaction(async (transaction) => {
    const address = { company_id: companyId, email };
    const removed = await transaction("told_addresses").where(address).delete();
    await transaction("told_links").where(address).delete();
    if (removed === 0) return false;
    const details = { told: "removed" };
    await recordEvent(transaction, { event: "call-handling-changed", companyId, ...by, details });
    return true;
  });
}

/**
 * A link for a mail to the address, by which its reader confirms or stops; only its hash is kept.
 */
export async function makeToldLink(db: Knex, companyId: number, email: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await db("told_links").insert({
    token_hash: secretHash(token),
    company_id: companyId,
    email,
    made_at: db.raw(databaseNow(db)),
  });
  return token;
}

/**
 * What a link is about; undefined if it is unknown or too old, or the address is no longer told.
 */
export async function toldBy(
  db: Knex,
  token: string,
): Promise<{ companyId: number; email: string; confirmed: boolean } | undefined> {
  const row = await db("told_links as l")
    .join("told_addresses as a", (on) =>
      on.on("a.company_id", "l.company_id").andOn("a.email", "l.email"),
    )
    .where("l.token_hash", secretHash(token))
    .first<{ company_id: number; email: string; confirmed_at: string | null } | undefined>(
      "a.company_id",
      "a.email",
      "a.confirmed_at",
    );
  return (
    row && { companyId: row.company_id, email: row.email, confirmed: row.confirmed_at !== null }
  );
}

/** Confirms an address: whoever reads its mail wants to be told there. */
export async function confirmTold(
  db: Knex,
  { companyId, email }: { companyId: number; email: string },
): Promise<void> {
  await db("told_addresses")
    .where({ company_id: companyId, email })
    .whereNull("confirmed_at")
    .update({ confirmed_at: db.raw(databaseNow(db)) });
}

const day = 24 * 60 * 60;

/** Deletes links from mails of long ago, and addresses that nobody has confirmed for a week. */
export async function expireTold(db: Knex): Promise<void> {
  await db("told_links")
    .where("made_at", "<", inSeconds(db, -90 * day))
    .delete();
  await db("told_addresses")
    .whereNull("confirmed_at")
    .where("added_at", "<", inSeconds(db, -7 * day))
    .delete();
}

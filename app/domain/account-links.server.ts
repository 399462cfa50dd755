import { createHash, randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";

/**
 * One-use links: the address has 256 random bits and the row their SHA-256. A link is bound to its
 * email. Opening one spends nothing (mail scanners follow links); only acting on it does, in the
 * same transaction.
 */

/** What a link is for: `/reset/TOKEN` or `/verify/TOKEN`. */
export type LinkPurpose = "reset" | "verify";

/** How the holder got the link: with a recovery code, by mail, or from an operator. */
export type LinkVia = "code" | "email" | "operator";

/** Seconds that a link can be used. */
const lifetime: Record<LinkPurpose, number> = { reset: 60 * 60, verify: 24 * 60 * 60 };

/** A link that can be used. */
export interface AccountLink {
  companyId: number;
  via: LinkVia;
  /** the email that it is about */
  address: string;
  /** the hash of the recovery code that it stands in for */
  codeHash: string | null;
}

/** The SHA-256 under which a secret is stored, in hex. */
export function secretHash(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Makes a link and returns its token, which nothing else holds. */
export async function makeLink(
  db: Knex,
  purpose: LinkPurpose,
  { companyId, via, address, codeHash }: AccountLink,
): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await db("account_links").insert({
    token_hash: secretHash(token),
    company_id: companyId,
    purpose,
    via,
    address,
    code_hash: codeHash,
    expires_at: inSeconds(db, lifetime[purpose]),
  });
  return token;
}

const open = (db: Knex, purpose: LinkPurpose, token: string) =>
  db("account_links")
    .where({ token_hash: secretHash(token), purpose })
    .whereRaw(`expires_at > ${databaseNow(db)}`);

/** The link that a token stands for; undefined if it is unknown, used or expired. Only reads. */
export async function findLink(
  db: Knex,
  purpose: LinkPurpose,
  token: string,
): Promise<AccountLink | undefined> {
  const row = await open(db, purpose, token).first("company_id", "via", "address", "code_hash");
  return (
    row && {
      companyId: row.company_id,
      via: row.via,
      address: row.address,
      codeHash: row.code_hash,
    }
  );
}

/** Spends a link; false if somebody else has, or it has expired meanwhile. */
export async function spendLink(db: Knex, purpose: LinkPurpose, token: string): Promise<boolean> {
  return Number(await open(db, purpose, token).delete()) > 0;
}

/** Deletes all of a company's links for a purpose. */
export async function dropLinks(db: Knex, companyId: number, purpose: LinkPurpose): Promise<void> {
  await db("account_links").where({ company_id: companyId, purpose }).delete();
}

/** How many usable links of a kind a company has. */
export async function countLinks(
  db: Knex,
  companyId: number,
  purpose: LinkPurpose,
  via: LinkVia,
): Promise<number> {
  const [row] = await db("account_links")
    .where({ company_id: companyId, purpose, via })
    .whereRaw(`expires_at > ${databaseNow(db)}`)
    .count({ count: "*" });
  return Number(row?.count ?? 0);
}

/** Deletes expired links. */
export async function expireLinks(db: Knex): Promise<void> {
  await db("account_links")
    .whereRaw(`expires_at <= ${databaseNow(db)}`)
    .delete();
}

/**
 * Makes other changes to a company's account wait until the transaction ends; SQLite has one writer
 * anyway.
 */
export async function lockCompany(transaction: Knex, companyId: number): Promise<void> {
  if (isPostgres(transaction)) {
    await transaction("companies").where({ id: companyId }).forUpdate().select("id");
  }
}

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { companiesByEmail, foldedEmail } from "#app/domain/adopted-emails.server.ts";

/**
 * Browsers that have signed in to an account before. The browser keeps a random id and a proof of
 * it, made with the account's password hash: nobody can make one without the hash, the proof
 * reveals nothing of it, and it ends with the password.
 */

/** What a browser keeps. */
export interface Device {
  device: string;
  /** {@link deviceProof} of it, when it signed in */
  proof: string;
}

/** HMAC-SHA-256 of a device's id under an account's password hash, base64url. */
export function deviceProof(passwordHash: string, device: string): string {
  return createHmac("sha256", passwordHash).update(device).digest("base64url");
}

/** Makes a device known to the company that has just signed in or up, or set a password. */
export function introduceDevice(passwordHash: string): Device {
  const device = randomBytes(16).toString("base64url");
  return { device, proof: deviceProof(passwordHash, device) };
}

/**
 * Whether a device has signed in to an account since its password was last set. An unknown email
 * costs the same work.
 * @param email in any case, with or without spaces around it
 */
export async function isKnownDevice(
  db: Knex,
  email: string,
  { device, proof }: Device,
): Promise<boolean> {
  const folded = foldedEmail(email);
  const [row] = await query<{ password_hash: string }>(db, hashByEmail, [folded, folded]);
  const right = Buffer.from(deviceProof(row?.password_hash ?? decoy, device));
  const given = Buffer.from(proof);
  return given.length === right.length && timingSafeEqual(given, right);
}

const hashByEmail = {
  name: "password hash by email",
  sql: `select password_hash from companies where id in (${companiesByEmail})`,
};

// Nobody's hash, as long as an Argon2id one, so that a proof for it is never right and takes as
// long.
const decoy = randomBytes(48).toString("hex");

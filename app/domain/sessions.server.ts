import { createHash, randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * Who is signed in. The browser holds a random id of 256 bits and the row its SHA-256, so that a copy of the table
 * opens no account. A session ends 30 days after it was last used, or 180 days after it began.
 */

/** Seconds. */
export const sessionIdle = 30 * 24 * 60 * 60;
const sessionLongest = 180 * 24 * 60 * 60;
// How stale last_seen_at may be: a write a day, not one a request.
const seenEvery = 24 * 60 * 60;

const secondsFrom = (at: Date, seconds: number) =>
  new Date(at.getTime() + seconds * 1000);

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** Begins a session and returns its id, which only the cookie will hold. */
export async function beginSession(
  db: Knex,
  companyId: number,
  now = new Date(),
): Promise<string> {
  const id = randomBytes(32).toString("base64url");
  await db("company_sessions").insert({
    id_hash: hashOf(id),
    company_id: companyId,
    created_at: toDatabaseTime(now),
    last_seen_at: toDatabaseTime(now),
    expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
  });
  // Signing in is rare and already slow, so this is where what has expired goes.
  await db("company_sessions")
    .where("expires_at", "<=", toDatabaseTime(now))
    .delete();
  return id;
}

/** The company that a session id stands for, or undefined where it is unknown, ended or expired. */
export async function sessionCompanyId(
  db: Knex,
  id: string,
  now = new Date(),
): Promise<{ companyId: number; extended: boolean } | undefined> {
  const row = await db("company_sessions")
    .where({ id_hash: hashOf(id) })
    .where("expires_at", ">", toDatabaseTime(now))
    .where("created_at", ">", toDatabaseTime(secondsFrom(now, -sessionLongest)))
    .first<{ company_id: number; last_seen_at: string } | undefined>(
      "company_id",
      "last_seen_at",
    );
  if (!row) return undefined;
  const stale =
    row.last_seen_at <= toDatabaseTime(secondsFrom(now, -seenEvery));
  if (stale) {
    await db("company_sessions")
      .where({ id_hash: hashOf(id) })
      .update({
        last_seen_at: toDatabaseTime(now),
        expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
      });
  }
  return { companyId: row.company_id, extended: stale };
}

/** Ends a session for whoever still holds its id. */
export async function endSession(db: Knex, id: string): Promise<void> {
  await db("company_sessions")
    .where({ id_hash: hashOf(id) })
    .delete();
}

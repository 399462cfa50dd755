import { createHash, randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { query } from "#app/db.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import {
  companyColumns,
  companyFromRow,
  companyTables,
  type Company,
  type CompanyRow,
} from "#app/domain/companies.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
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

const secondsFrom = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1000);

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/**
 * Begins a session and returns its id, which only the cookie will hold.
 * @param by for the audit trail
 */
export async function beginSession(
  db: Knex,
  companyId: number,
  now = new Date(),
  by: By = service,
): Promise<string> {
  const id = randomBytes(32).toString("base64url");
  await db.transaction(async (transaction) => {
    await transaction("company_sessions").insert({
      id_hash: hashOf(id),
      company_id: companyId,
      created_at: toDatabaseTime(now),
      last_seen_at: toDatabaseTime(now),
      expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
    });
    // Signing in is rare and already slow, so this is where what has expired goes.
    await transaction("company_sessions").where("expires_at", "<=", toDatabaseTime(now)).delete();
    await recordEvent(transaction, { event: "signed-in", companyId, ...by }, now);
  });
  return id;
}

/** A session that is open. */
export interface Session {
  company: Company;
  /** its last use is noted as a day ago or more: {@link extendSession} is due */
  stale: boolean;
}

/** The session that an id stands for, or undefined where it is unknown, ended or expired. Only reads. */
export async function findSession(
  db: Knex,
  id: string,
  now = new Date(),
): Promise<Session | undefined> {
  const bounds = boundsAt(now);
  const [row] = await query<CompanyRow & { last_seen_at: string }>(db, openSession, [
    hashOf(id),
    bounds.now,
    bounds.begun,
  ]);
  return row && { company: companyFromRow(row), stale: row.last_seen_at <= bounds.seen };
}

let bounds = { second: Number.NaN, now: "", begun: "", seen: "" };

// Every request asks, and they are the same all second long.
function boundsAt(at: Date): typeof bounds {
  const second = Math.floor(at.getTime() / 1000);
  if (bounds.second !== second) {
    bounds = {
      second,
      now: toDatabaseTime(at),
      begun: toDatabaseTime(secondsFrom(at, -sessionLongest)),
      seen: toDatabaseTime(secondsFrom(at, -seenEvery)),
    };
  }
  return bounds;
}

const openSession = {
  name: "open session",
  sql: `select s.last_seen_at, ${companyColumns}
          from ${companyTables} join company_sessions s on s.company_id = c.id
         where s.id_hash = ? and s.expires_at > ? and s.created_at > ?`,
};

/**
 * Notes that an open session is in use, from which its idle time runs anew.
 * @returns false where the database takes no writes now: the session is good, and this can wait for its next request
 */
export async function extendSession(db: Knex, id: string, now = new Date()): Promise<boolean> {
  try {
    await db("company_sessions")
      .where({ id_hash: hashOf(id) })
      .update({
        last_seen_at: toDatabaseTime(now),
        expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
      });
    return true;
  } catch (error) {
    if (isDatabaseUnavailable(error)) return false;
    throw error;
  }
}

/**
 * Ends a session for whoever still holds its id.
 * @param by for the audit trail
 */
export async function endSession(db: Knex, id: string, by: By = service): Promise<void> {
  const session = { id_hash: hashOf(id) };
  const ended = await db("company_sessions")
    .where(session)
    .first<{ company_id: number } | undefined>("company_id");
  if (!ended) return;
  await db.transaction(async (transaction) => {
    const count = await transaction("company_sessions").where(session).delete();
    if (count === 0) return;
    await recordEvent(transaction, { event: "signed-out", companyId: ended.company_id, ...by });
  });
}

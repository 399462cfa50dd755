import { createHash, randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { lockCompany } from "#app/domain/account-links.server.ts";
import { closedState } from "#app/domain/account-state.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import {
  companyColumns,
  companyFromRow,
  companyTables,
  type Company,
  type CompanyRow,
} from "#app/domain/companies.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { goneSince } from "#app/domain/gone-numbers.server.ts";
import { countUnheard } from "#app/domain/messages.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * Who is signed in. The browser holds a random 256-bit id and the row its SHA-256, so a copy of the
 * table opens no account. A session ends 30 days after it was last used, or 180 days after it
 * began, or when its company has begun {@link mostSessions} later ones.
 */

/** How many sessions a company may have at once. */
export const mostSessions = 20;

/** Seconds. */
export const sessionIdle = 30 * 24 * 60 * 60;
/** Seconds. */
export const sessionLongest = 180 * 24 * 60 * 60;
// How stale last_seen_at may be: one write an hour, not one per request.
const seenEvery = 60 * 60;

/** The time so many seconds later. */
export const secondsFrom = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1000);

/** The SHA-256 under which a session is stored. */
export function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** Who uses a session, and in which browser. */
export interface SeenBy extends By {
  /** what the browser calls itself */
  userAgent?: string | null;
}

function seenColumns({ address, userAgent }: SeenBy) {
  return { address: address ?? null, user_agent: userAgent?.slice(0, 255) ?? null };
}

/** The account was closed, or its password changed, after the password was checked. */
export class AccountChangedError extends Error {
  override name = "AccountChangedError";
}

/**
 * Begins a session and returns its id, which only the cookie will hold; if there are too many, the
 * oldest ends.
 * @param by for the audit trail, and for the company to see
 * @param passwordHash the hash that the password was checked against; it must still be the
 * company's
 * @throws {AccountChangedError}
 */
export async function beginSession(
  db: Knex,
  companyId: number,
  now = new Date(),
  by: SeenBy = service,
  passwordHash?: string,
): Promise<string> {
  const id = randomBytes(32).toString("base64url");
  await db.transaction(async (transaction) => {
    // Anything that ends all sessions is done before the check below, or waits until this one
    // exists and ends it too.
    await lockCompany(transaction, companyId);
    await transaction("company_sessions").insert({
      id_hash: hashOf(id),
      company_id: companyId,
      created_at: toDatabaseTime(now),
      last_seen_at: toDatabaseTime(now),
      expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
      ...seenColumns(by),
    });
    const unchanged: unknown = await transaction("companies")
      .where({ id: companyId, ...(passwordHash !== undefined && { password_hash: passwordHash }) })
      .whereRaw(`${closedState("companies.id")} is null`)
      .first("id");
    if (unchanged === undefined) throw new AccountChangedError();
    await recordEvent(transaction, { event: "signed-in", companyId, ...by }, now);
  });
  // Signing in is rare and already slow, so expired sessions are deleted here. Sessions that begin
  // at once each look after their own commit, so that the last look sees them all; and none deletes
  // itself, whatever clock the others began by.
  await db("company_sessions")
    .where("expires_at", "<=", toDatabaseTime(now))
    .orWhereIn(
      "id_hash",
      db("company_sessions")
        .where({ company_id: companyId })
        .orderByRaw("id_hash = ? desc", [hashOf(id)])
        .orderBy([
          { column: "created_at", order: "desc" },
          { column: "id_hash", order: "desc" },
        ])
        // SQLite has no OFFSET without a LIMIT.
        .limit(1_000)
        .offset(mostSessions)
        .select("id_hash"),
    )
    .delete();
  return id;
}

/** A session that is open. */
export interface Session {
  company: Company;
  /** its last recorded use is a day ago or more: {@link extendSession} is due */
  stale: boolean;
  /** messages nobody has listened to, shown on every page; counted up to `mostCounted` */
  unheard: number;
  /**
   * since when the company's number has been missing from the Twilio account, if it is; RFC 3339
   */
  numberGoneSince: string | null;
}

interface SessionOfCompany extends CompanyRow {
  last_seen_at: string;
  unheard: number;
  gone_since: string | null;
}

/** The session with an id, or undefined if it is unknown, ended or expired. Only reads. */
export async function findSession(
  db: Knex,
  id: string,
  now = new Date(),
): Promise<Session | undefined> {
  const bounds = boundsAt(now);
  const [row] = await query<SessionOfCompany>(db, openSession, [
    hashOf(id),
    bounds.now,
    bounds.begun,
  ]);
  return (
    row && {
      company: companyFromRow(row),
      stale: row.last_seen_at <= bounds.seen,
      unheard: Number(row.unheard),
      numberGoneSince: row.gone_since === null ? null : toRfc3339(row.gone_since),
    }
  );
}

let bounds = { second: Number.NaN, now: "", begun: "", seen: "" };

// Every request asks, and the answers stay the same for a whole second.
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
  sql: `select s.last_seen_at, ${countUnheard("c.id")} as unheard,
               ${goneSince("c.twilio_phone_number")} as gone_since, ${companyColumns}
          from ${companyTables} join company_sessions s on s.company_id = c.id
         where s.id_hash = ? and s.expires_at > ? and s.created_at > ?
           and ${closedState("c.id")} is null`,
};

/**
 * Records that an open session is in use, which restarts its idle time.
 * @returns false if the database takes no writes now: the session is good, and this can wait for
 * its next request
 */
export async function extendSession(
  db: Knex,
  id: string,
  now = new Date(),
  by?: SeenBy,
): Promise<boolean> {
  try {
    await db("company_sessions")
      .where({ id_hash: hashOf(id) })
      .update({
        last_seen_at: toDatabaseTime(now),
        expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
        ...(by && seenColumns(by)),
      });
    return true;
  } catch (error) {
    if (isDatabaseUnavailable(error)) return false;
    throw error;
  }
}

/**
 * Ends all of the company's sessions except the one asking. Writing the audit trail is left to the
 * caller.
 * @returns how many
 */
export async function endSessions(db: Knex, companyId: number, keepId?: string): Promise<number> {
  return db("company_sessions")
    .where({ company_id: companyId })
    .modify((query) => {
      if (keepId !== undefined) void query.whereNot({ id_hash: hashOf(keepId) });
    })
    .delete();
}

/**
 * Ends a session, for anyone who still holds its id.
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

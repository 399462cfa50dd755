import { createHash, randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { query } from "#app/db.server.ts";
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
import { toDatabaseTime, toRfc3339, type DatabaseTime } from "#app/domain/times.ts";

/**
 * Who is signed in. The browser holds a random id of 256 bits and the row its SHA-256, so that a copy of the table
 * opens no account. A session ends 30 days after it was last used, or 180 days after it began, or when its company has
 * begun {@link mostSessions} later ones.
 */

/** How many sessions a company may have at once. */
export const mostSessions = 20;

/** Seconds. */
export const sessionIdle = 30 * 24 * 60 * 60;
const sessionLongest = 180 * 24 * 60 * 60;
// How stale last_seen_at may be: a write an hour, not one a request.
const seenEvery = 60 * 60;

const secondsFrom = (at: Date, seconds: number) => new Date(at.getTime() + seconds * 1000);

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** Who uses a session, and with what. */
export interface SeenBy extends By {
  /** what the browser calls itself */
  userAgent?: string | null;
}

function seenColumns({ address, userAgent }: SeenBy) {
  return { address: address ?? null, user_agent: userAgent?.slice(0, 255) ?? null };
}

/**
 * Begins a session and returns its id, which only the cookie will hold; of too many the oldest ends.
 * @param by for the audit trail, and for the company to see
 */
export async function beginSession(
  db: Knex,
  companyId: number,
  now = new Date(),
  by: SeenBy = service,
): Promise<string> {
  const id = randomBytes(32).toString("base64url");
  await db.transaction(async (transaction) => {
    await transaction("company_sessions").insert({
      id_hash: hashOf(id),
      company_id: companyId,
      created_at: toDatabaseTime(now),
      last_seen_at: toDatabaseTime(now),
      expires_at: toDatabaseTime(secondsFrom(now, sessionIdle)),
      ...seenColumns(by),
    });
    await recordEvent(transaction, { event: "signed-in", companyId, ...by }, now);
  });
  // Signing in is rare and already slow, so this is where what has expired goes. Of sessions that begin at once each
  // looks after it is there for all, so that the last look sees them all.
  await db("company_sessions")
    .where("expires_at", "<=", toDatabaseTime(now))
    .orWhereIn(
      "id_hash",
      db("company_sessions")
        .where({ company_id: companyId })
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
         where s.id_hash = ? and s.expires_at > ? and s.created_at > ?
           and ${closedState("c.id")} is null`,
};

/**
 * Notes that an open session is in use, from which its idle time runs anew.
 * @returns false where the database takes no writes now: the session is good, and this can wait for its next request
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

/** A session as its company sees it. Times are RFC 3339, UTC. */
export interface ListedSession {
  address: string | null;
  /** what the browser calls itself */
  userAgent: string | null;
  /** names it among the company's, and opens nothing */
  ref: string;
  begunAt: string;
  /** to the hour */
  seenAt: string;
  /** whether it is the one that asks */
  own: boolean;
}

// A part of the hash, of which nobody finds the id.
const refLength = 16;

/** The company's open sessions, the one that asks first, then the last used. @param ownId its id, if a browser asks */
export async function listSessions(
  db: Knex,
  companyId: number,
  ownId?: string,
  now = new Date(),
): Promise<ListedSession[]> {
  const own = ownId === undefined ? undefined : hashOf(ownId);
  const rows = await db("company_sessions")
    .where({ company_id: companyId })
    .where("expires_at", ">", toDatabaseTime(now))
    .where("created_at", ">", toDatabaseTime(secondsFrom(now, -sessionLongest)))
    .orderBy([
      { column: "last_seen_at", order: "desc" },
      { column: "id_hash", order: "asc" },
    ])
    .select<SessionRow[]>("id_hash", "created_at", "last_seen_at", "address", "user_agent");
  return rows
    .map((row) => ({
      ref: row.id_hash.slice(0, refLength),
      address: row.address,
      userAgent: row.user_agent,
      begunAt: toRfc3339(row.created_at),
      seenAt: toRfc3339(row.last_seen_at),
      own: row.id_hash === own,
    }))
    .sort((one, other) => Number(other.own) - Number(one.own));
}

interface SessionRow {
  id_hash: string;
  created_at: DatabaseTime;
  last_seen_at: DatabaseTime;
  address: string | null;
  user_agent: string | null;
}

/** Ends one of the company's sessions. @returns whether there was one */
export async function endSessionByRef(
  db: Knex,
  companyId: number,
  ref: string,
  by: By = service,
): Promise<boolean> {
  if (!/^[0-9a-f]{16}$/.test(ref)) return false;
  return db.transaction(async (transaction) => {
    const ended = await transaction("company_sessions")
      .where({ company_id: companyId })
      .where("id_hash", "like", `${ref}%`)
      .delete();
    if (ended === 0) return false;
    await recordEvent(transaction, { event: "session-ended", companyId, ...by });
    return true;
  });
}

/**
 * Ends all of the company's sessions, but for the one that asks. The audit trail is for whoever calls it.
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

/** Ends all of the company's sessions but for `keepId`, at its own word. @returns how many */
export async function endOtherSessions(
  db: Knex,
  companyId: number,
  keepId: string,
  by: By = service,
): Promise<number> {
  return db.transaction(async (transaction) => {
    const ended = await endSessions(transaction, companyId, keepId);
    if (ended > 0) {
      const details = { sessions: ended };
      await recordEvent(transaction, { event: "other-sessions-ended", companyId, ...by, details });
    }
    return ended;
  });
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

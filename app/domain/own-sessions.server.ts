import type { Knex } from "knex";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { endSessions, hashOf, secondsFrom, sessionLongest } from "#app/domain/sessions.server.ts";
import { toDatabaseTime, toRfc3339, type DatabaseTime } from "#app/domain/times.ts";

/** A company's sessions as it sees them, ends them, and acts through one of them. */

/** A session as its company sees it. Times are RFC 3339, UTC. */
export interface ListedSession {
  address: string | null;
  /** what the browser calls itself */
  userAgent: string | null;
  /** identifies it among the company's sessions, and opens nothing */
  ref: string;
  begunAt: string;
  /** to the hour */
  seenAt: string;
  /** whether it is the one asking */
  own: boolean;
}

// Part of the hash, from which nobody can work out the id.
const refLength = 16;

/**
 * The company's open sessions: the one asking first, then the most recently used. @param ownId the
 * asking session's id, if a browser asks
 */
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
 * Ends all of the company's sessions except `keepId`, at the company's request.
 * @returns how many
 */
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

/** The requesting session has ended meanwhile: somebody else has set a password, say. */
export class SessionEndedError extends Error {
  override name = "SessionEndedError";
}

/**
 * Undoes what a session asked for if the session has ended.
 * @param transaction its own; anything that ends sessions waits for it
 * @param id undefined if no session is asking
 * @throws {SessionEndedError}
 */
export async function requireOpenSession(
  transaction: Knex,
  companyId: number,
  id: string | undefined,
): Promise<void> {
  if (id === undefined) return;
  const [own] = await listSessions(transaction, companyId, id);
  if (!own?.own) throw new SessionEndedError();
}

import { randomUUID } from "node:crypto";
import type { Knex } from "knex";
import { databaseNow, inSeconds } from "#app/domain/database-clock.server.ts";
import { toRfc3339 } from "#app/domain/times.ts";
import { environment } from "#app/env.server.ts";

/**
 * Mail to be sent: what kind, for which company, and where to; no text and no secret. Its link is
 * made when it is sent. It is sent at least once: a crash between sending and noting so sends it
 * again, with the same Message-ID.
 */
export type MailKind =
  /** to the company with the address, if any: a link to a new password */
  | "reset-link"
  /** a link that proves an address: a new account's, or a company's future one */
  | "verify-email"
  /** what has happened, in case the owner did not do it */
  | "password-changed"
  | "email-changed"
  | "codes-made"
  /** calls that nobody took; and, before the first, whether the address wants to be told */
  | "calls"
  | "told-confirm"
  /** asks the company to have its number rung once */
  | "number-idle";

/** Kinds of which one at a time is enough. */
const oneAtATime: readonly MailKind[] = ["reset-link", "verify-email", "told-confirm"];

/** Whether this service sends mail at all. */
export function sendsMail(): boolean {
  return environment().SMTP_URL !== undefined;
}

/**
 * Queues a mail, to be sent soon after `db` commits; does nothing if no mail is configured.
 * @param db the transaction that causes it
 * @param mail for a "reset-link" `companyId` is null: whether the address belongs to anybody is
 * found out on sending, so that every request costs the same work
 */
export async function queueMail(
  db: Knex,
  {
    kind,
    companyId,
    address,
    about = null,
  }: { kind: MailKind; companyId: number | null; address: string; about?: string | null },
): Promise<void> {
  if (!sendsMail()) return;
  await db("mail_queue")
    .insert({
      kind,
      company_id: companyId,
      address,
      about,
      once: oneAtATime.includes(kind) ? `${kind} ${companyId ?? ""} ${address}` : null,
      message_id: `${randomUUID()}@${new URL(environment().PUBLIC_URL).hostname}`,
      queued_at: db.raw(databaseNow(db)),
      next_try_at: db.raw(databaseNow(db)),
    })
    .onConflict("once")
    .ignore();
}

/** A mail that waits. */
export interface QueuedMail {
  id: number;
  kind: MailKind;
  companyId: number | null;
  address: string;
  /** for "calls", their SIDs separated by spaces; for "number-idle", the number */
  about: string | null;
  /** without its angle brackets */
  messageId: string;
  /** how often it was tried, or another instead of it while no server answered */
  tries: number;
  /** RFC 3339, UTC */
  queuedAt: string;
  /** whether it has waited so long that one more failure ends it */
  isOld: boolean;
}

/** Seconds until the next try, by how many have failed. */
const backOff = [10, 60, 5 * 60, 15 * 60, 60 * 60];
/** Days after which it is no longer of use. */
const longestWait = 4;
/** Days for which an abandoned mail is still reported. */
const toldFor = 14;

const due = (db: Knex) =>
  db("mail_queue")
    .whereNull("given_up_at")
    .whereRaw(`next_try_at <= ${databaseNow(db)}`);

/** Whether any mail is to be sent now. Only reads. */
export async function isMailDue(db: Knex): Promise<boolean> {
  return (await due(db).first("id")) !== undefined;
}

/**
 * The due mail that was tried least, so that one at which the server hangs keeps no other waiting.
 */
export async function nextMail(db: Knex): Promise<QueuedMail | undefined> {
  const old = inSeconds(db, -longestWait * 24 * 60 * 60);
  const row = await due(db)
    .orderBy(["tries", "next_try_at", "id"])
    .select("id", "kind", "company_id", "address", "about", "message_id", "tries", "queued_at")
    .select<
      {
        id: number;
        kind: MailKind;
        company_id: number | null;
        address: string;
        about: string | null;
        message_id: string;
        tries: number;
        queued_at: string;
        is_old: unknown;
      }[]
    >(db.raw("queued_at <= ? as is_old", [old]))
    .first();
  return (
    row && {
      id: row.id,
      kind: row.kind,
      companyId: row.company_id,
      address: row.address,
      about: row.about,
      messageId: row.message_id,
      tries: row.tries,
      queuedAt: toRfc3339(row.queued_at),
      isOld: Boolean(row.is_old),
    }
  );
}

/** Removes a mail from the queue: it was sent, or there is nobody to send it to. */
export async function takeOut(db: Knex, { id }: QueuedMail): Promise<void> {
  await db("mail_queue").where({ id }).delete();
}

/**
 * Notes that a mail could not be sent.
 * @param why the end of a sentence that begins with "the mail server"; nothing secret
 * @param what "refused" is final; with "no-server" all other mail waits too, since it would fare no
 * better
 */
export async function putOff(
  db: Knex,
  mail: QueuedMail,
  why: string,
  what: "refused" | "not-now" | "no-server",
): Promise<void> {
  const isLast = what === "refused" || mail.isOld;
  await db.transaction(async (transaction) => {
    // Another one is tried each time that no server answers, and all the tries count.
    const [most] = await due(transaction).max<{ tries: number }[]>({ tries: "tries" });
    const tries = what === "no-server" ? (most?.tries ?? mail.tries) : mail.tries;
    const next = inSeconds(db, backOff[Math.min(tries, backOff.length - 1)]!);
    await transaction("mail_queue")
      .where({ id: mail.id })
      .update({
        tries: tries + 1,
        why,
        next_try_at: next,
        ...(isLast && { given_up_at: db.raw(databaseNow(db)), once: null }),
      });
    if (what === "no-server") await due(transaction).update({ why, next_try_at: next });
  });
}

/** Deletes mail that was given up long ago. */
export async function expireMail(db: Knex): Promise<void> {
  await db("mail_queue")
    .where("given_up_at", "<", inSeconds(db, -toldFor * 24 * 60 * 60))
    .delete();
}

/** Mail that has not been sent, by reason. */
export interface UnsentMail {
  count: number;
  /** as given to {@link putOff}; null if nobody has tried */
  why: string | null;
  givenUp: boolean;
  /** since when the oldest has been waiting; RFC 3339, UTC */
  since: string;
  /** whether that is longer ago than any running sender would take */
  isLate: boolean;
}

/** What waits and why, and what was given up, for an operator. */
export async function unsentMail(db: Knex): Promise<UnsentMail[]> {
  const rows = await db("mail_queue")
    .groupByRaw("why, given_up_at is not null")
    .orderByRaw("count(*) desc, why")
    .select<
      { count: number; why: string | null; given_up: unknown; since: string; is_late: unknown }[]
    >(
      "why",
      db.raw("given_up_at is not null as given_up"),
      db.raw("count(*) as count"),
      db.raw("min(queued_at) as since"),
      db.raw("min(queued_at) <= ? as is_late", [inSeconds(db, -10 * 60)]),
    );
  return rows.map(({ count, why, given_up, since, is_late }) => ({
    count: Number(count),
    why,
    givenUp: Boolean(given_up),
    since: toRfc3339(since),
    isLate: Boolean(is_late),
  }));
}

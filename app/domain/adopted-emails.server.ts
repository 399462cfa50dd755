import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { withoutStrayMarks } from "#app/domain/written-text.ts";

/**
 * Emails of adopted companies that the database's own lower() does not find: SQLite, and PostgreSQL
 * in the C locale, know capitals of ASCII only, and neither drops blanks. Each has a row in
 * adopted_emails with the form it is looked up by; later emails are kept in that form from the
 * start.
 */

/** An email as it is kept and looked up: NFC, lower case, with nothing invisible at its ends. */
export function foldedEmail(email: string): string {
  // PostgreSQL's text has no NUL.
  return withoutStrayMarks(email.toLowerCase()).replaceAll("\0", "\uFFFD");
}

/** A company's email that cannot be found as it is written. */
export interface OddEmail {
  id: number;
  email: string;
  folded: string;
}

/** All of them, the oldest first. */
export async function readOddEmails(db: Knex): Promise<OddEmail[]> {
  const rows = await db("companies")
    .whereRaw(isPostgres(db) ? "email ~ '[^\\x21-\\x7e]'" : "email glob '*[^!-~]*'")
    .orderBy("id")
    .select<{ id: number; email: string; lowered: string }[]>(
      "id",
      "email",
      db.raw("lower(email) as lowered"),
    );
  return rows
    .map(({ id, email, lowered }) => ({ id, email, lowered, folded: foldedEmail(email) }))
    .filter(({ folded, lowered }) => folded !== lowered);
}

/** SQL for the ids of the companies with an email; it binds that twice, folded. */
export const companiesByEmail = `select id from companies where lower(email) = ?
  union all
  select o.company_id from adopted_emails o join companies w on w.id = o.company_id and w.email = o.written
   where o.email = ?`;

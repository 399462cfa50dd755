import type { Knex } from "knex";
import { erasedEmail } from "#app/domain/account-state.ts";
import { foldedEmail } from "#app/domain/adopted-emails.server.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { deleteCalls } from "#app/domain/call-erasure.server.ts";
import { ownTables } from "#app/domain/own-tables.ts";
import { endSessions } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { forgetEmailChange } from "#app/domain/verified-emails.server.ts";

/**
 * Companies that nobody can sign in to. Unfreezing a company leaves it as it was; while frozen, its
 * calls are answered and not passed on. An erased one is a tombstone: a row without people that
 * keeps its number out of the pool for ever, as the rules demand, and whose callers hear that the
 * number is not in service.
 */

/** The outcome of freezing, unfreezing or erasing; "already" if it was so before. */
export type Closing = "done" | "already" | "erased" | "no-such-company";

/**
 * Ends the company's sessions, its API tokens and a change of email that waits to be confirmed, and
 * lets nobody start new ones. @param by for the audit trail, as with the others
 */
export async function freezeCompany(
  db: Knex,
  companyId: number,
  by: By = service,
): Promise<Closing> {
  return db.transaction(async (trx) => {
    const found = await locked(trx, companyId);
    if (found !== "done") return found;
    const frozen = await trx("closed_companies")
      .insert({ company_id: companyId, state: "frozen", since: toDatabaseTime() })
      .onConflict("company_id")
      .ignore()
      .returning<unknown[]>("company_id");
    await endSessions(trx, companyId);
    await trx("company_tokens").where({ company_id: companyId }).delete();
    await forgetEmailChange(trx, companyId);
    if (frozen.length === 0) return "already";
    await recordEvent(trx, { event: "company-frozen", companyId, ...by });
    return "done";
  });
}

/** Lets people sign in and calls through again. */
export async function unfreezeCompany(
  db: Knex,
  companyId: number,
  by: By = service,
): Promise<Closing> {
  return db.transaction(async (trx) => {
    const found = await locked(trx, companyId);
    if (found !== "done") return found;
    const count = await trx("closed_companies")
      .where({ company_id: companyId, state: "frozen" })
      .delete();
    if (count === 0) return "already";
    await recordEvent(trx, { event: "company-unfrozen", companyId, ...by });
    return "done";
  });
}

/** What an older program kept about people and their accounts elsewhere. */
const olderColumns = [
  "trade_type",
  "address",
  "logo_url",
  "business_hours",
  "stripe_customer_id",
  "verification_token",
  "reset_token",
  "reset_token_expires",
  "last_login",
  "openai_api_key",
  "deepgram_api_key",
  "elevenlabs_api_key",
  "elevenlabs_voice_id",
  "google_calendar_id",
  "google_credentials_json",
];

/**
 * Erases a company: people, settings, sessions and calls. Its row stays as a tombstone. If there
 * are many calls, the first go at once, the rest with {@link eraseLeftOfErased}, as when it was cut
 * off; messages at Twilio are queued (recordings-to-delete.server.ts).
 */
export async function eraseCompany(
  db: Knex,
  companyId: number,
  by: By = service,
): Promise<Closing> {
  const closing = await db.transaction(async (trx): Promise<Closing> => {
    const found = await locked(trx, companyId);
    if (found !== "done") return found === "erased" ? "already" : found;
    // Mail requested by somebody who was not signed in has only the address.
    const company = await trx("companies").where({ id: companyId }).first("email");
    await trx("mail_queue")
      .where({ address: foldedEmail(company?.email ?? "") })
      .delete();
    const columns = Object.keys(await trx("companies").columnInfo());
    const older = olderColumns.filter((name) => columns.includes(name));
    await trx("companies")
      .where({ id: companyId })
      .update({
        ...Object.fromEntries(older.map((name) => [name, null])),
        company_name: "Erased",
        owner_name: "Erased",
        email: erasedEmail(companyId),
        phone: null,
        // Not a hash of any kind, so that no password is right.
        password_hash: "none",
        updated_at: toDatabaseTime(),
      });
    for (const { name } of ownTables) await trx(name).where({ company_id: companyId }).delete();
    await trx("closed_companies")
      .insert({ company_id: companyId, state: "erased", since: toDatabaseTime() })
      .onConflict("company_id")
      .merge();
    await recordEvent(trx, { event: "account-erased", companyId, ...by });
    return "done";
  });
  if (closing === "done" || closing === "already") await eraseLeftOfErased(db);
  return closing;
}

/**
 * Rows of companies erased lately: what others wrote in the moment of the erasure, and days whose
 * calls have all gone.
 */
function leftRows(db: Knex, now: Date): Knex.QueryBuilder[] {
  const since = toDatabaseTime(new Date(now.getTime() - 24 * 60 * 60 * 1000));
  const lately = db("closed_companies")
    .where({ state: "erased" })
    .where("since", ">", since)
    .select("company_id");
  const of = (table: string) => db(table).whereIn("company_id", lately);
  return [...ownTables.map(({ name }) => of(name)), of("calls_per_day").where({ calls: 0 })];
}

/** Whether anything of erased companies remains. */
export async function hasLeftOfErased(db: Knex, now = new Date()): Promise<boolean> {
  const ofErased = db("calls")
    .join("closed_companies as x", "x.company_id", "calls.company_id")
    .where({ "x.state": "erased" });
  for (const rows of [ofErased, ...leftRows(db, now)]) {
    const row: unknown = await rows.first(db.raw("1"));
    if (row !== undefined) return true;
  }
  return false;
}

/**
 * Erases what remains of erased companies, a few thousand calls at a time.
 * @returns how many rows; 0 when none is left
 */
export async function eraseLeftOfErased(db: Knex, now = new Date()): Promise<number> {
  let count = await deleteCalls(db, (calls) =>
    calls.whereIn(
      "company_id",
      db("closed_companies").where({ state: "erased" }).select("company_id"),
    ),
  );
  for (const rows of leftRows(db, now)) count += Number(await rows.delete());
  return count;
}

// A write, so that no other verb of this file, and no other writer on SQLite, comes in between.
async function locked(trx: Knex, companyId: number): Promise<Closing> {
  const count = await trx("companies")
    .where({ id: companyId })
    .update({ email: trx.ref("email") });
  if (count === 0) return "no-such-company";
  const row = await trx("closed_companies").where({ company_id: companyId }).first("state");
  return row?.state === "erased" ? "erased" : "done";
}

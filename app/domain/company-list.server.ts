import type { Knex } from "knex";
import { closedState, type ClosedState } from "#app/domain/account-state.ts";
import { companiesByEmail, foldedEmail } from "#app/domain/adopted-emails.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/** Companies as operators see them. Times are RFC 3339, UTC. */
export interface ListedCompany {
  id: number;
  companyName: string;
  ownerName: string;
  email: string;
  /** whether the email is verified */
  verified: boolean;
  phone: string | null;
  /** E.164, and since when */
  phoneNumber: string | null;
  assignedAt: string | null;
  state: "open" | ClosedState;
  /** since when it is closed */
  closedSince: string | null;
  signedUpAt: string | null;
  /** as far back as the audit trail goes */
  lastSignInAt: string | null;
}

/** Which companies to list; erased ones only on request. */
export interface CompanyFilter {
  /** without a number */
  waiting?: boolean;
  withNumber?: boolean;
  unverified?: boolean;
  state?: ClosedState | undefined;
  /** not since then, or never */
  lastSignInBefore?: Date | undefined;
  lastSignInSince?: Date | undefined;
}

interface Row {
  id: number;
  company_name: string;
  owner_name: string;
  email: string;
  is_verified: boolean | number;
  phone: string | null;
  twilio_phone_number: string | null;
  assigned_at: string | number | null;
  state: ClosedState | null;
  closed_since: string | null;
  created_at: string | number | null;
  last_sign_in: string | null;
}

const companies = (db: Knex) =>
  db.from(
    db.raw(`(
      select c.id, c.company_name, c.owner_name, c.email, c.phone, c.twilio_phone_number, c.created_at,
             n.assigned_at, ${closedState("c.id")} as state,
             (select since from closed_companies where company_id = c.id) as closed_since,
             exists (select 1 from verified_emails v where v.company_id = c.id and v.email = c.email)
               as is_verified,
             (select max(at) from audit_events where company_id = c.id and event = 'signed-in')
               as last_sign_in
        from companies c left join twilio_phone_numbers n on n.phone_number = c.twilio_phone_number
    ) as listed`),
  );

/** All that match `filter`, oldest first. */
export async function listCompanies(
  db: Knex,
  { waiting, withNumber, unverified, state, lastSignInBefore, lastSignInSince }: CompanyFilter = {},
): Promise<ListedCompany[]> {
  const rows = await companies(db)
    .where((query) => {
      if (state) void query.where({ state });
      else void query.whereRaw("coalesce(state, '') <> 'erased'");
      if (waiting) void query.whereNull("twilio_phone_number");
      if (withNumber) void query.whereNotNull("twilio_phone_number");
      if (unverified) void query.whereRaw("not is_verified");
      if (lastSignInSince) void query.where("last_sign_in", ">=", toDatabaseTime(lastSignInSince));
      if (lastSignInBefore) {
        const before = toDatabaseTime(lastSignInBefore);
        void query.where((either) =>
          either.where("last_sign_in", "<", before).orWhereNull("last_sign_in"),
        );
      }
    })
    .orderBy("id")
    .select<Row[]>("*");
  return rows.map(fromRow);
}

/** The company with an id, or with an email however typed; undefined if there is none. */
export async function findCompany(
  db: Knex,
  idOrEmail: number | string,
): Promise<ListedCompany | undefined> {
  const folded = foldedEmail(String(idOrEmail));
  const row = await companies(db)
    .where((query) =>
      typeof idOrEmail === "number"
        ? query.where({ id: idOrEmail })
        : query.whereRaw(`id in (${companiesByEmail})`, [folded, folded]),
    )
    .first<Row | undefined>("*");
  return row && fromRow(row);
}

function fromRow(row: Row): ListedCompany {
  const time = (at: string | number | null) => (at === null ? null : toRfc3339(at));
  return {
    id: row.id,
    companyName: row.company_name,
    ownerName: row.owner_name,
    email: row.email,
    verified: Boolean(row.is_verified),
    phone: row.phone,
    phoneNumber: row.twilio_phone_number,
    assignedAt: time(row.assigned_at),
    state: row.state ?? "open",
    closedSince: time(row.closed_since),
    signedUpAt: time(row.created_at),
    lastSignInAt: time(row.last_sign_in),
  };
}

import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import {
  handlingColumns,
  handlingTables,
  presentHandling,
  type CallHandling,
  type HandlingRow,
} from "#app/domain/call-handling.server.ts";
import { askDays, type DayOfCalls } from "#app/domain/calls-per-day.server.ts";
import {
  callColumns,
  callFromRow,
  newestCalls,
  type Call,
  type CallRow,
} from "#app/domain/calls.server.ts";
import { remember } from "#app/domain/remember.ts";

/** A company's number at a glance, read in one statement: no page is opened more often. */
export interface Overview {
  /** newest first */
  recent: Call[];
  /**
   * the first call of all, while it is among the newest: proof that the number reaches the company
   */
  first: Call | undefined;
  /** today last */
  days: DayOfCalls[];
  /** what happens to a call now */
  handling: CallHandling;
  /** whether the company has said so itself */
  handlingSaved: boolean;
  /** whether it has usable recovery codes */
  hasRecoveryCodes: boolean;
  emailVerified: boolean;
}

/** How much of it. */
export interface Glance {
  /** newest calls */
  calls: number;
  days: number;
  /** IANA name; the days are in this zone */
  timeZone?: string;
  now?: Date;
}

/** Undefined if there is no such company. */
export async function overviewOf(
  db: Knex,
  companyId: number,
  { calls, days, timeZone, now }: Glance,
): Promise<Overview | undefined> {
  const asked = askDays(companyId, days, timeZone, now);
  const rows = await query<Row>(
    db,
    { name: `overview, ${asked.name}`, sql: overview(asked.sql) },
    // One more than is shown, to tell whether the last of them is the company's first.
    [...asked.values, companyId, companyId, calls + 1],
  );
  const [facts] = rows;
  if (!facts) return undefined;
  const known = rows.filter(isCall).map(callFromRow);
  return {
    recent: known.slice(0, calls),
    first: known.length > calls ? undefined : known.at(-1),
    days: asked.read(facts.days),
    handling: await presentHandling(db, facts),
    handlingSaved: facts.mode !== null,
    hasRecoveryCodes: Boolean(facts.has_codes),
    emailVerified: Boolean(facts.email_verified),
  };
}

type Row = HandlingRow & {
  days: string | null;
  has_codes: boolean | number;
  email_verified: boolean | number;
} & (CallRow | { call_sid: null });

const isCall = (row: Row): row is Row & CallRow => row.call_sid !== null;

// Remembered by the SQL of its days.
const overview = remember(
  (days) => `
  with facts as materialized (
    select ${handlingColumns}, ${days} as days,
           exists (select 1 from recovery_codes where company_id = c.id and spent_at is null) as has_codes,
           exists (select 1 from verified_emails v where v.company_id = c.id and v.email = c.email)
             as email_verified
      from ${handlingTables} where c.id = ?)
  select facts.*, ${callColumns.map((column) => `newest.${column}`).join(", ")}
    from facts left join (${newestCalls}) newest on true
   order by newest.started_at desc, newest.call_sid desc`,
);

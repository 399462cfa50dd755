import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { closedState, type ClosedState } from "#app/domain/account-state.ts";
import { isInDialCountry, mayBeRung, numberInSip } from "#app/domain/call-targets.server.ts";
import { isWithheld } from "#app/domain/callers.ts";
import { asStored, isE164, parseE164 } from "#app/domain/e164.ts";
import {
  asSpokenLanguage,
  languageOfNumber,
  type SpokenLanguage,
} from "#app/domain/spoken-language.ts";
import { sentencesIn } from "#app/domain/spoken-sentences.ts";

/**
 * How a company wants the calls to its number handled. By default they ring the phone that the
 * company gave at sign-up or, if it gave none, go to messages. A call never rings a number of the
 * pool: it would come back.
 */

/**
 * Where a call goes: a phone, a SIP address, a media stream (a voice agent), or straight to a
 * message.
 */
export const callModes = ["phone", "sip", "stream", "message"] as const;
export type CallMode = (typeof callModes)[number];

export interface CallHandling {
  /** what the caller hears first; may be empty */
  greeting: string;
  mode: CallMode;
  /** E.164, `sip:…` or `wss://…`, by mode; null if messages are taken */
  target: string | null;
  /** how long to ring before it counts as unanswered */
  ringSeconds: number;
  /** whether the caller may leave a message when nobody answers */
  takeMessage: boolean;
  /**
   * the language of the greeting and of our own sentences; if never set, what callers most likely
   * speak
   */
  language: SpokenLanguage;
}

/** What a company saves for its calls; without a language, the one it had stays. */
export type WantedHandling = Omit<CallHandling, "language"> & {
  language?: SpokenLanguage | undefined;
};

/** A row of {@link handlingColumns}. */
export interface HandlingRow {
  company_name: string;
  phone: string | null;
  twilio_phone_number: string | null;
  greeting: string | null;
  mode: CallMode | null;
  target: string | null;
  ring_seconds: number | null;
  take_message_when_unanswered: boolean | number | null;
  language: string | null;
  /** whether the target, or the phone as it is kept, is a number of the pool */
  is_in_pool: boolean | number;
}

interface Row extends HandlingRow {
  company_id: number;
  /** whether the caller is a number of the pool */
  is_from_pool: boolean | number;
  state: ClosedState | null;
  is_blocked: boolean | number;
  withheld: "message" | "refuse" | null;
}

/** What to select for a {@link HandlingRow}, from {@link handlingTables}. */
export const handlingColumns = `c.company_name, c.phone, c.twilio_phone_number,
         h.greeting, h.mode, h.target, h.ring_seconds, h.take_message_when_unanswered, h.language,
         exists (select 1 from twilio_phone_numbers
                  where phone_number = coalesce(h.target, c.phone)) as is_in_pool`;

/** Companies as `c`, each with its call settings, if any, as `h`. */
export const handlingTables =
  "companies c left join company_call_handling h on h.company_id = c.id";

const handlings = `
  select c.id as company_id, ${handlingColumns},
         exists (select 1 from twilio_phone_numbers where phone_number = ?) as is_from_pool,
         ${closedState("c.id")} as state,
         exists (select 1 from blocked_callers where company_id = c.id and caller = ?) as is_blocked,
         (select what from withheld_callers where company_id = c.id) as withheld
    from ${handlingTables}`;
const byCompany = {
  name: "call handling by company",
  sql: `${handlings} where c.id = ?`,
};
const byNumber = {
  name: "call handling by number",
  sql: `${handlings} where c.twilio_phone_number = ?`,
};

function fromRow(row: HandlingRow): CallHandling {
  const language =
    asSpokenLanguage(row.language) ?? languageOfNumber(row.twilio_phone_number ?? row.phone);
  if (row.mode !== null) {
    return {
      greeting: row.greeting ?? "",
      mode: row.mode,
      target: row.target,
      ringSeconds: row.ring_seconds ?? defaultRingSeconds,
      takeMessage: Boolean(row.take_message_when_unanswered),
      language,
    };
  }
  // An account made by an older program has it as somebody typed it.
  const phone = parseE164(row.phone ?? "");
  const rung = phone.ok && phone.phoneNumber !== row.twilio_phone_number ? phone.phoneNumber : null;
  return {
    greeting: sentencesIn(language).greeting(row.company_name),
    mode: rung === null ? "message" : "phone",
    target: rung,
    ringSeconds: defaultRingSeconds,
    takeMessage: true,
    language,
  };
}

const defaultRingSeconds = 20;

/**
 * What the company wants, or the default if it has never said; undefined if there is no such
 * company.
 */
export async function callHandlingOf(
  db: Knex,
  companyId: number,
): Promise<CallHandling | undefined> {
  const [row] = await query<Row>(db, byCompany, ["", "", companyId]);
  if (!row) return undefined;
  const handling = fromRow(row);
  return row.mode === null ? rungOrMessage(db, row, handling) : handling;
}

/**
 * What is done with a call now: what the company wants, or a message if the phone may not be rung.
 */
export async function presentHandling(db: Knex, row: HandlingRow): Promise<CallHandling> {
  return rungOrMessage(db, row, fromRow(row));
}

/**
 * Why calls are not passed on: the target is a number of the pool (perhaps the company's own), or a
 * phone abroad.
 */
export type NotRung = "rings-the-pool" | "other-country";

/** Why calls would not be passed on to a form's target, or undefined if they would. */
export async function whyNotRung(
  db: Knex,
  { mode, target }: Pick<CallHandling, "mode" | "target">,
): Promise<NotRung | undefined> {
  const phone = mode === "phone" ? target : mode === "sip" ? numberInSip(target ?? "") : undefined;
  if (phone && (await isInPool(db, phone))) return "rings-the-pool";
  if (phone && mode === "phone" && !(await isInDialCountry(db, phone))) return "other-country";
  return undefined;
}

/** Saves what the company wants, unless calls would not be passed on to its target. */
export async function saveCallHandling(
  db: Knex,
  companyId: number,
  handling: WantedHandling,
): Promise<"saved" | NotRung> {
  // Checked first but not enforced: a number may enter the pool later, so the check that counts is
  // made when a call comes.
  const why = await whyNotRung(db, handling);
  if (why) return why;
  await db("company_call_handling")
    .insert({
      company_id: companyId,
      greeting: handling.greeting,
      mode: handling.mode,
      target: handling.target,
      ring_seconds: handling.ringSeconds,
      take_message_when_unanswered: handling.takeMessage,
      ...(handling.language && { language: handling.language }),
    })
    .onConflict("company_id")
    .merge();
  return "saved";
}

/** Whose number was called, and what they want done. */
export interface CalledCompany {
  companyId: number;
  handling: CallHandling;
  /**
   * the caller is a number of the pool, and nobody calls from those: one of our own calls has come
   * back
   */
  cameBack: boolean;
  /** the account is frozen: the call is answered and goes no further */
  frozen: boolean;
  /** the company takes no calls from this caller, or none from withheld numbers */
  blocked: "caller" | "withheld" | null;
}

/** Where a call comes from, as far as the network tells. */
export interface Origin {
  /** the caller: E.164 or whatever else the network says */
  from?: string | undefined;
  /** the phone that has forwarded the call */
  forwardedFrom?: string | undefined;
}

/**
 * Finds the company that a call is for; an erased company's number is nobody's. If the target may
 * not be rung, or would send the call back here, messages are taken.
 * @param to what was called: only exact E.164 can belong to a company
 */
export async function findCalledCompany(
  db: Knex,
  to: string,
  { from = "", forwardedFrom = "" }: Origin = {},
): Promise<CalledCompany | undefined> {
  if (!isE164(to)) return undefined;
  const [row] = await query<Row>(db, byNumber, [from, from, to]);
  if (!row || row.state === "erased") return undefined;
  const isUnknown = isWithheld(from);
  const handling = fromRow(row);
  return {
    companyId: row.company_id,
    handling:
      isUnknown && row.withheld === "message"
        ? { ...handling, mode: "message", target: null }
        : await rungOrMessage(db, row, handling, forwardedFrom),
    cameBack: Boolean(row.is_from_pool),
    frozen: row.state === "frozen",
    blocked: row.is_blocked ? "caller" : isUnknown && row.withheld === "refuse" ? "withheld" : null,
  };
}

async function rungOrMessage(
  db: Knex,
  row: HandlingRow,
  handling: CallHandling,
  forwardedFrom = "",
): Promise<CallHandling> {
  const { mode, target } = handling;
  if (target === null || mode === "stream" || mode === "message") return handling;
  const number = mode === "phone" ? target : numberInSip(target);
  if (number === undefined) return handling;
  const isInTheWay =
    number === asStored(forwardedFrom) ||
    (number === (row.target ?? row.phone) ? Boolean(row.is_in_pool) : await isInPool(db, number)) ||
    (mode === "phone" && !(await mayBeRung(db, number, row.twilio_phone_number)));
  return isInTheWay ? { ...handling, mode: "message", target: null } : handling;
}

async function isInPool(db: Knex, phoneNumber: string): Promise<boolean> {
  const row: unknown = await db("twilio_phone_numbers")
    .where({ phone_number: phoneNumber })
    .first("id");
  return row !== undefined;
}

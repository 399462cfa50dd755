import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import type { Engine } from "./databases.ts";
import { legacyNumber } from "./legacy.ts";

/** Damage done to {@link addLegacyRows}, and what becomes of it. */
export interface LegacyDamage {
  /** what is wrong, as it goes on in "… " of a test's name */
  name: string;
  kind: string;
  /** an engine whose constraints let it happen; without it both do */
  only?: "sqlite" | "upgraded sqlite" | "postgres";
  /** SQL that does it */
  sql: string[];
  /** what the finding must name */
  names: string[];
  /** whether it can be known without doubt what should be */
  mendable: boolean;
  /** rows as they are after the repair: number's id → text, owner; company's id → number */
  after?: {
    numbers?: Record<number, [string, number | null] | null>;
    companies?: Record<number, string | null>;
  };
}

const insertNumber = (text: string, status = "'available'", owner = "null") =>
  `insert into twilio_phone_numbers (id, phone_number, status, assigned_to_company_id, assigned_at)
   values (70, '${text}', ${status}, ${owner}, ${owner === "null" ? "null" : "'2024-05-05 05:05:05'"})`;
const setCompany = (id: number, text: string | null) =>
  `update companies set twilio_phone_number = ${text === null ? "null" : `'${text}'`} where id = ${id}`;

export const legacyDamages: LegacyDamage[] = [
  {
    name: "two numbers assigned to one company",
    kind: "company-with-two-numbers",
    sql: [insertNumber("+353861110070", "'assigned'", "1")],
    names: [
      'company 1 "Byrne & Daughters"',
      'number 1 "+353861110001"',
      'number 70 "+353861110070"',
    ],
    mendable: false,
  },
  {
    name: "a company that holds one number and is another's owner",
    kind: "company-with-two-numbers",
    sql: [insertNumber("+353861110070", "'assigned'", "3"), setCompany(3, legacyNumber(3))],
    names: ['company 3 "Kelly Roofing"', "number 3", "number 70"],
    mendable: false,
  },
  {
    name: "two companies that hold the same text",
    kind: "number-of-two-companies",
    only: "upgraded sqlite",
    sql: [setCompany(3, legacyNumber(1))],
    names: ['company 1 "Byrne', 'company 3 "Kelly Roofing"', "number 1"],
    mendable: false,
  },
  {
    name: "two companies that hold the same number, written in two ways",
    kind: "number-of-two-companies",
    sql: [setCompany(3, "+353 86 111 0001")],
    names: ['company 1 "Byrne', 'company 3 "Kelly Roofing"', "number 1"],
    mendable: false,
  },
  {
    name: "a number assigned to one company and held by another",
    kind: "number-of-two-companies",
    sql: [setCompany(1, null), setCompany(3, legacyNumber(1))],
    names: ['company 1 "Byrne', 'company 3 "Kelly Roofing"', "number 1"],
    mendable: false,
  },
  {
    name: "two companies that each own what the other holds",
    kind: "tangled-claims",
    sql: [setCompany(1, null), setCompany(2, legacyNumber(1)), setCompany(1, legacyNumber(2))],
    names: ["company 1", "company 2", "number 1", "number 2"],
    mendable: false,
  },
  {
    name: "a number assigned to nobody",
    kind: "assigned-without-owner",
    sql: [insertNumber("+353861110070", "'assigned'")],
    names: ['number 70 "+353861110070"', "to nobody"],
    mendable: false,
  },
  {
    name: "a number assigned to nobody that one company holds",
    kind: "assigned-without-owner",
    sql: [insertNumber("+353861110070", "'assigned'"), setCompany(3, "+353861110070")],
    names: ["number 70", 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: { numbers: { 70: ["+353861110070", 3] } },
  },
  {
    name: "an owner that does not exist",
    kind: "owner-does-not-exist",
    only: "sqlite",
    sql: [insertNumber("+353861110070", "'assigned'", "999")],
    names: ["number 70", "company 999, which does not exist"],
    mendable: false,
  },
  {
    name: "an owner that does not exist, of a number that another company holds",
    kind: "owner-does-not-exist",
    only: "sqlite",
    sql: [insertNumber("+353861110070", "'assigned'", "999"), setCompany(3, "+353861110070")],
    names: ["number 70", "company 999", 'company 3 "Kelly Roofing"'],
    mendable: false,
  },
  {
    name: "an available number that a company holds",
    kind: "available-but-held",
    sql: [setCompany(3, legacyNumber(3))],
    names: ['number 3 "+353861110003"', 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), 3] } },
  },
  {
    name: "an available number that has an owner",
    kind: "available-with-owner",
    sql: [insertNumber("+353861110070", "'available'", "3")],
    names: ["number 70", 'company 3 "Kelly Roofing"'],
    mendable: false,
  },
  {
    name: "an available number with a time of assignment",
    kind: "available-with-time",
    sql: ["update twilio_phone_numbers set assigned_at = '2024-01-01 00:00:00' where id = 3"],
    names: ["number 3"],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), null] } },
  },
  {
    name: "a company's number that is not in the pool",
    kind: "missing-from-pool",
    sql: [setCompany(3, "+353861110077")],
    names: ['company 3 "Kelly Roofing"', "+353861110077"],
    mendable: true,
    after: { companies: { 3: "+353861110077" } },
  },
  {
    name: "an owner that does not know of its number",
    kind: "owner-does-not-hold",
    sql: [insertNumber("+353861110070", "'assigned'", "3")],
    names: ["number 70", 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: { companies: { 3: "+353861110070" } },
  },
  {
    name: "a number assigned at no time",
    kind: "assigned-without-time",
    sql: ["update twilio_phone_numbers set assigned_at = null where id = 1"],
    names: ["number 1", 'company 1 "Byrne'],
    mendable: true,
    after: { numbers: { 1: [legacyNumber(1), 1] } },
  },
  {
    name: "a number assigned at an empty time",
    kind: "assigned-without-time",
    only: "sqlite",
    sql: ["update twilio_phone_numbers set assigned_at = '' where id = 1"],
    names: ["number 1", 'company 1 "Byrne', 'since ""'],
    mendable: true,
    after: { numbers: { 1: [legacyNumber(1), 1] } },
  },
  {
    name: "a number assigned at infinity",
    kind: "assigned-without-time",
    only: "postgres",
    sql: ["update twilio_phone_numbers set assigned_at = 'infinity' where id = 1"],
    names: ["number 1", 'company 1 "Byrne', 'since "infinity"'],
    mendable: true,
    after: { numbers: { 1: [legacyNumber(1), 1] } },
  },
  {
    name: "a number that entered the pool at infinity",
    kind: "unreadable-time",
    only: "postgres",
    sql: ["update twilio_phone_numbers set created_at = '-infinity' where id = 3"],
    names: ["number 3", 'added "-infinity"'],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), null] } },
  },
  {
    name: "a number that entered the pool at an empty time",
    kind: "unreadable-time",
    only: "sqlite",
    sql: ["update twilio_phone_numbers set created_at = '  ' where id = 3"],
    names: ["number 3", 'added "  "'],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), null] } },
  },
  {
    name: "a number that entered the pool on a day that may be in January or in February",
    kind: "unreadable-time",
    only: "sqlite",
    sql: ["update twilio_phone_numbers set created_at = '01/02/2024 10:00' where id = 3"],
    names: ["number 3", 'added "01/02/2024 10:00"'],
    mendable: false,
  },
  {
    name: "a number assigned on the 30th of February",
    kind: "unreadable-time",
    only: "sqlite",
    sql: ["update twilio_phone_numbers set assigned_at = '2024-02-30 10:00:00' where id = 1"],
    names: ["number 1", 'company 1 "Byrne', 'since "2024-02-30 10:00:00"'],
    mendable: false,
  },
  {
    name: "a number assigned at a time in words",
    kind: "unreadable-time",
    only: "sqlite",
    sql: ["update twilio_phone_numbers set assigned_at = 'last week' where id = 2"],
    names: ["number 2", 'company 2 "Ó Sé', 'since "last week"'],
    mendable: false,
  },
  {
    name: "a company that is there since a day in words",
    kind: "unreadable-time",
    only: "sqlite",
    sql: ["update companies set created_at = 'spring 2019' where id = 4"],
    names: ['company 4 "Walsh Gardens" (there since "spring 2019")'],
    mendable: false,
  },
  {
    name: "a company that is there since a day in words, in a column of text",
    kind: "unreadable-time",
    only: "postgres",
    sql: [
      "alter table companies alter created_at drop default, alter created_at type text",
      "update companies set created_at = 'spring 2019' where id = 4",
      "update companies set created_at = '' where id = 3",
    ],
    names: ['company 4 "Walsh Gardens" (there since "spring 2019")'],
    mendable: false,
  },
  {
    name: "a company's number beside its twin with a trunk zero, which is free",
    kind: "one-number-in-two-rows",
    sql: [insertNumber("+3530861110001")],
    names: ['number 1 "+353861110001"', 'number 70 "+3530861110001"', "company 1"],
    mendable: true,
    after: { numbers: { 1: [legacyNumber(1), 1], 70: null } },
  },
  {
    name: "a number with a trunk zero that is another company's",
    kind: "number-of-two-companies",
    sql: [insertNumber("+3530861110001", "'assigned'", "3"), setCompany(3, "+3530861110001")],
    names: ["company 1", "company 3", "number 1", "number 70"],
    mendable: false,
  },
  {
    name: "a company's number with a trunk zero that nobody else has",
    kind: "not-e164",
    sql: [insertNumber("+3530861110070", "'assigned'", "3"), setCompany(3, "+3530861110070")],
    names: ['number 70 "+3530861110070"', 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: { numbers: { 70: ["+353861110070", 3] }, companies: { 3: "+353861110070" } },
  },
  {
    name: "a number without a status",
    kind: "no-status",
    sql: ["update twilio_phone_numbers set status = null where id = 3"],
    names: ["number 3"],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), null] } },
  },
  {
    name: "a number without a status that has an owner",
    kind: "no-status",
    sql: [insertNumber("+353861110070", "null", "3")],
    names: ["number 70", "company 3"],
    mendable: false,
  },
  {
    name: "a number with spaces in it",
    kind: "not-e164",
    sql: [insertNumber("+353 86 111 0070")],
    names: ['number 70 "+353 86 111 0070"'],
    mendable: true,
    after: { numbers: { 70: ["+353861110070", null] } },
  },
  {
    name: "a company's number with spaces in it",
    kind: "not-e164",
    sql: [
      insertNumber("00353 (86) 111-0070", "'assigned'", "3"),
      setCompany(3, "00353 (86) 111-0070"),
    ],
    names: ['number 70 "00353 (86) 111-0070"', 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: {
      numbers: { 70: ["+353861110070", 3] },
      companies: { 3: "+353861110070" },
    },
  },
  {
    name: "one free number in two rows",
    kind: "one-number-in-two-rows",
    sql: [insertNumber("+353 86 111 0003")],
    names: ['number 3 "+353861110003"', 'number 70 "+353 86 111 0003"'],
    mendable: true,
    after: { numbers: { 3: [legacyNumber(3), null], 70: null } },
  },
  {
    name: "a company's number in a second row that is free",
    kind: "one-number-in-two-rows",
    sql: [insertNumber("+353 86 111 0001")],
    names: ["number 1", 'number 70 "+353 86 111 0001"', "company 1"],
    mendable: true,
    after: { numbers: { 1: [legacyNumber(1), 1], 70: null } },
  },
  {
    name: "one number in two rows, of which the free one is in E.164",
    kind: "one-number-in-two-rows",
    sql: [insertNumber("+353 86 111 0003", "'assigned'", "3"), setCompany(3, "+353 86 111 0003")],
    names: ["number 3", "number 70", 'company 3 "Kelly Roofing"'],
    mendable: true,
    after: {
      numbers: { 3: null, 70: [legacyNumber(3), 3] },
      companies: { 3: legacyNumber(3) },
    },
  },
  {
    name: "one number in two rows of two companies",
    kind: "number-of-two-companies",
    sql: [insertNumber("+353 86 111 0001", "'assigned'", "3"), setCompany(3, "+353 86 111 0001")],
    names: ["company 1", "company 3", "number 1", "number 70"],
    mendable: false,
  },
  {
    name: "one number in two rows, of which one is assigned to nobody",
    kind: "one-number-in-two-rows",
    sql: [insertNumber("+353 86 111 0003", "'assigned'")],
    names: ["number 3", "number 70"],
    mendable: false,
  },
  {
    name: "a text in the pool that is no number",
    kind: "no-phone-number",
    sql: [insertNumber("+abc")],
    names: ['number 70 "+abc"'],
    mendable: true,
    after: { numbers: { 70: null } },
  },
  {
    name: "a number in the pool without its country code",
    kind: "no-phone-number",
    sql: [insertNumber("086 111 0070")],
    names: ['number 70 "086 111 0070"'],
    mendable: false,
  },
  {
    name: "a company whose number is none",
    kind: "no-phone-number",
    sql: [insertNumber("+abc", "'assigned'", "3"), setCompany(3, "+abc")],
    names: ['number 70 "+abc"', 'company 3 "Kelly Roofing"'],
    mendable: false,
  },
  {
    name: "a company whose number is an empty text",
    kind: "blank-number",
    sql: [setCompany(3, "")],
    names: ['company 3 "Kelly Roofing"'],
    mendable: true,
    after: { companies: { 3: null } },
  },
  {
    name: "an email of two companies, of which one has capitals beyond ASCII",
    kind: "one-email-of-two-companies",
    sql: [
      "update companies set email = 'ÉMILE@Kelly.example' where id = 3",
      "update companies set email = 'émile@kelly.example' where id = 4",
    ],
    names: [
      'company 3 "Kelly Roofing" ("ÉMILE@Kelly.example")',
      'company 4 "Walsh Gardens" ("émile@kelly.example")',
    ],
    mendable: false,
  },
  {
    name: "an email of two companies, of which one has blanks around it",
    kind: "one-email-of-two-companies",
    sql: ["update companies set email = '  Tom@kelly.example ' where id = 4"],
    names: [
      'company 3 "Kelly Roofing" ("tom@kelly.example")',
      'company 4 "Walsh Gardens" ("  Tom@kelly.example ")',
    ],
    mendable: false,
  },
  {
    name: "an email of two companies, in upper and lower case",
    kind: "one-email-of-two-companies",
    sql: ["update companies set email = 'TOM@kelly.example' where id = 4"],
    names: [
      'company 3 "Kelly Roofing" ("tom@kelly.example")',
      'company 4 "Walsh Gardens" ("TOM@kelly.example")',
    ],
    mendable: false,
  },
];

/** Whether the damage can be there in a database of `engine`. */
export const isPossible = ({ only }: LegacyDamage, engine: Engine, upgraded: boolean): boolean =>
  !only || (only === "upgraded sqlite" ? upgraded : only === engine);

/** Does the damage to {@link addLegacyRows}; with foreign keys off, as the old system had them on SQLite. */
export async function doDamage(db: Knex, { sql }: Pick<LegacyDamage, "sql">): Promise<void> {
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = off");
  for (const statement of sql) await db.raw(statement);
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = on");
}

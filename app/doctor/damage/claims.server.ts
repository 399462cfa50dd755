import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { parseE164 } from "#app/domain/e164.ts";

/**
 * Two places say whose a number is: the pool's row names its owner, and the company names its number.
 * Rows where the two do not agree are read here with everything that they are tied to by such claims, so that one
 * knot of claims can be judged, and mended, without a look at any other.
 */

/** A row of the pool as it stands, sound or not. */
export interface PoolRow {
  id: number;
  text: string;
  status: string | null;
  ownerId: number | null;
  assignedAt: string | number | null;
}

/** A company as far as numbers go. */
export interface Claimant {
  id: number;
  name: string;
  /** `twilio_phone_number` as it stands */
  held: string | null;
}

/** Rows tied to each other by claims, by id; at least one of them breaks a rule. */
export interface Knot {
  rows: PoolRow[];
  companies: Claimant[];
}

const e164 = /^\+[1-9][0-9]{1,14}$/;

/** The number that a text means, in E.164; undefined where it is none that can be told without doubt. */
export function meantNumber(text: string): string | undefined {
  if (e164.test(text)) return text;
  const parsed = parseE164(text);
  return parsed.ok ? parsed.phoneNumber : undefined;
}

/** Whether a company's `twilio_phone_number` says that it has one. */
export function isHeld(text: string | null): text is string {
  return text !== null && text.trim() !== "";
}

/** What ties rows of one number together, however it is written: the number that is meant, else the text itself. */
export function numberKey(text: string): string {
  return meantNumber(text) ?? text;
}

/** The numbers that a knot is about, each once however often it is written. */
export function numbersIn({ rows, companies }: Knot): Set<string> {
  const numbers = new Set(rows.map(({ text }) => numberKey(text)));
  for (const { held } of companies) {
    if (isHeld(held)) numbers.add(numberKey(held));
  }
  return numbers;
}

/** Keeps everybody else from writing to the two tables until the transaction ends; they can be read all the while. */
export async function keepWritersOut(transaction: Knex): Promise<void> {
  await transaction.raw(
    isPostgres(transaction)
      ? "lock table companies, twilio_phone_numbers in share row exclusive mode"
      : "update companies set id = id where false",
  );
}

/** All knots of claims in the two tables, the oldest rows first. A sound database costs two joins. */
export async function readKnots(db: Knex): Promise<Knot[]> {
  const rows = new Map<number, PoolRow>();
  const companies = new Map<number, Claimant>();
  let newRows = await unsoundRows(db);
  let newCompanies = await unsoundCompanies(db);
  while (newRows.length > 0 || newCompanies.length > 0) {
    for (const row of newRows) rows.set(row.id, row);
    for (const company of newCompanies) companies.set(company.id, company);
    const texts = new Set<string>();
    const companyIds = new Set(newCompanies.map((company) => company.id));
    for (const { text, ownerId } of newRows) {
      texts.add(text).add(numberKey(text));
      if (ownerId !== null) companyIds.add(ownerId);
    }
    for (const { held } of newCompanies) {
      if (isHeld(held)) texts.add(held).add(numberKey(held));
    }
    newRows = [
      ...(await among(poolRows(db), "n.phone_number", texts)),
      ...(await among(poolRows(db), "n.assigned_to_company_id", companyIds)),
    ].filter((row) => !rows.has(row.id));
    newCompanies = [
      ...(await among(claimants(db), "c.twilio_phone_number", texts)),
      ...(await among(claimants(db), "c.id", companyIds)),
    ].filter((company) => !companies.has(company.id));
  }
  return tie([...rows.values()], [...companies.values()]);
}

function poolRows(db: Knex) {
  return db("twilio_phone_numbers as n").select<PoolRow[]>(
    "n.id",
    "n.phone_number as text",
    "n.status",
    "n.assigned_to_company_id as ownerId",
    "n.assigned_at as assignedAt",
  );
}

function claimants(db: Knex) {
  return db("companies as c").select<Claimant[]>(
    "c.id",
    "c.company_name as name",
    "c.twilio_phone_number as held",
  );
}

async function unsoundRows(db: Knex): Promise<PoolRow[]> {
  const isE164 = isPostgres(db)
    ? "n.phone_number ~ '^\\+[1-9][0-9]{1,14}$'"
    : `(n.phone_number glob '+[1-9]*' and substr(n.phone_number, 2) not glob '*[^0-9]*'
        and length(n.phone_number) between 3 and 16)`;
  return poolRows(db)
    .leftJoin("companies as c", "c.id", "n.assigned_to_company_id")
    .whereRaw(
      `not ${isE164} or case n.status
         when 'available' then n.assigned_to_company_id is not null or n.assigned_at is not null
         when 'assigned' then n.assigned_at is null or c.twilio_phone_number is null
                              or c.twilio_phone_number <> n.phone_number
         else true end`,
    );
}

// A company's text that is not E.164 either is not in the pool, or is there in a row that is unsound itself.
async function unsoundCompanies(db: Knex): Promise<Claimant[]> {
  return claimants(db)
    .leftJoin("twilio_phone_numbers as n", "n.phone_number", "c.twilio_phone_number")
    .whereRaw(
      `c.twilio_phone_number is not null
         and case when n.status = 'assigned' and n.assigned_to_company_id = c.id then false else true end`,
    );
}

async function among<Row extends object>(
  query: Knex.QueryBuilder<Row, Row[]>,
  column: string,
  values: Set<string> | Set<number>,
): Promise<Row[]> {
  const all: (string | number)[] = [...values];
  let found: Row[] = [];
  for (let start = 0; start < all.length; start += 10_000) {
    const chunk = all.slice(start, start + 10_000);
    found = found.concat((await query.clone().whereIn(column, chunk)) as Row[]);
  }
  return found;
}

function tie(rows: PoolRow[], companies: Claimant[]): Knot[] {
  const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
  const known = new Set(companies.map((company) => company.id));
  const ties = new Map<string, string[]>();
  const tiesOf = (node: string) => {
    const there = ties.get(node) ?? [];
    ties.set(node, there);
    return there;
  };
  const addTie = (a: string, b: string) => {
    tiesOf(a).push(b);
    tiesOf(b).push(a);
  };
  for (const { text, ownerId } of rows) {
    // Two rows of one owner that does not exist say nothing about each other.
    if (ownerId !== null && known.has(ownerId)) {
      addTie(`number ${numberKey(text)}`, `company ${ownerId}`);
    }
  }
  for (const { id, held } of companies) {
    if (isHeld(held)) addTie(`company ${id}`, `number ${numberKey(held)}`);
  }

  const knotOf = new Map<string, Knot>();
  const knotAt = (start: string): Knot => {
    const tied = knotOf.get(start);
    if (tied) return tied;
    const knot: Knot = { rows: [], companies: [] };
    const left = [start];
    for (let node = left.pop(); node !== undefined; node = left.pop()) {
      if (knotOf.has(node)) continue;
      knotOf.set(node, knot);
      for (const next of tiesOf(node)) left.push(next);
    }
    return knot;
  };
  const knots = new Set<Knot>();
  for (const company of companies.sort(byId)) {
    const knot = knotAt(`company ${company.id}`);
    knot.companies.push(company);
    knots.add(knot);
  }
  for (const row of rows.sort(byId)) {
    const knot = knotAt(`number ${numberKey(row.text)}`);
    knot.rows.push(row);
    knots.add(knot);
  }
  return [...knots];
}

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { asStored, parseE164 } from "#app/domain/e164.ts";
import { isE164, isTime } from "#app/domain/rules/rules.server.ts";
import { readTime } from "#app/domain/times.ts";

/**
 * Which rows disagree. A number's ownership is recorded in two places: its row in the pool names
 * the owner, and the company names its number. Rows where the two differ are read together with
 * everything that such claims tie them to, as one knot, so that each knot can be judged and
 * repaired on its own.
 */

/** A row of the pool as it stands, sound or not. */
export interface PoolRow {
  id: number;
  phone_number: string;
  status: string | null;
  assigned_to_company_id: number | null;
  assigned_at: StoredTime;
  created_at: StoredTime;
}

/** A time as somebody left it, perhaps invalid. */
export type StoredTime = string | number | null;

/** The parts of a company that concern numbers. */
export interface Claimant {
  id: number;
  company_name: string;
  twilio_phone_number: string | null;
  created_at: StoredTime;
}

/** Rows tied to each other by claims, by id; at least one of them breaks a rule. */
export interface Knot {
  rows: PoolRow[];
  companies: Claimant[];
}

/**
 * What ties together the rows of one number, however written: the number meant, or else the text
 * itself.
 */
export function numberKey(text: string): string {
  const stored = asStored(text);
  if (stored === undefined) return text;
  // With a trunk prefix after the country code it is the same phone, if the numbering plan has a
  // number without it.
  const parsed = mayHaveTrunkPrefix.test(stored) ? parseE164(stored) : undefined;
  return parsed?.ok && parsed.valid ? parsed.phoneNumber : stored;
}

/*
 * Where a trunk prefix may follow the calling code. In nearly all plans it is 0, in Russia's 8 and
 * in North America's 1; Italy's numbers rightly begin with a 0. Which digits begin calling codes of
 * two and of three is from ITU-T's "List of country codes" (E.164, annex).
 */
const shortCodes =
  "20 27 30 31 32 33 34 36 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";
const longCodes = "21 22 23 24 25 26 28 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99";
const trunkPrefixed = `^[+](1[01]|7[08]|(${shortCodes.replaceAll(" ", "|")})0|(${longCodes.replaceAll(" ", "|")}).0)`;
const mayHaveTrunkPrefix = new RegExp(trunkPrefixed);

/** Whether the time is there but cannot be read. */
export const isUnreadable = (time: StoredTime) => time !== null && readTime(time) === undefined;

/** Whether the time says nothing, so that nothing is lost by replacing it. */
export const isSilent = (time: StoredTime) =>
  time === null || (typeof time === "string" && /^(\s*|-?infinity)$/i.test(time));

/** {@link numberKey} of the number that a company says it has; undefined if none. */
export function heldKey({ twilio_phone_number: held }: Claimant): string | undefined {
  return held === null || held.trim() === "" ? undefined : numberKey(held);
}

/** The numbers that a knot is about, each once, however often it occurs. */
export function numbersIn({ rows, companies }: Knot): Set<string> {
  const held = companies.map(heldKey).filter((key) => key !== undefined);
  return new Set([...rows.map((row) => numberKey(row.phone_number)), ...held]);
}

/**
 * All knots of claims in the two tables, the oldest rows first. A sound database costs two joins.
 */
export async function readKnots(db: Knex): Promise<Knot[]> {
  const rows = new Map<number, PoolRow>();
  const companies = new Map<number, Claimant>();
  let newRows = await unsoundRows(db);
  let newCompanies = await unsoundCompanies(db);
  while (newRows.length > 0 || newCompanies.length > 0) {
    const texts = new Set<string>();
    const companyIds = new Set<number>();
    for (const row of newRows) {
      rows.set(row.id, row);
      texts.add(row.phone_number).add(numberKey(row.phone_number));
      if (row.assigned_to_company_id !== null) companyIds.add(row.assigned_to_company_id);
    }
    for (const company of newCompanies) {
      companies.set(company.id, company);
      companyIds.add(company.id);
      const key = heldKey(company);
      if (key !== undefined) texts.add(company.twilio_phone_number!).add(key);
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
    "n.phone_number",
    "n.status",
    "n.assigned_to_company_id",
    "n.assigned_at",
    "n.created_at",
  );
}

/** The columns of every company that concern numbers; `c` is the table. */
export function claimants(db: Knex) {
  return db("companies as c").select<Claimant[]>(
    "c.id",
    "c.company_name",
    "c.twilio_phone_number",
    "c.created_at",
  );
}

// A single pass over the pool, so the cheapest checks come first.
async function unsoundRows(db: Knex): Promise<PoolRow[]> {
  const postgres = isPostgres(db);
  // The rule's own pattern also counts digits, which takes PostgreSQL twice as long.
  const sound = postgres
    ? "length(n.phone_number) between 3 and 16 and n.phone_number ~ '^[+][1-9][0-9]+$'"
    : isE164(db, "n.phone_number");
  const prefixed = postgres
    ? `case when ${mayHoldPrefix} then n.phone_number ~ '${trunkPrefixed}' else false end`
    : trunkPrefixedRows;
  const breaksRule = `(not (${sound}) or case n.status
     when 'available' then n.assigned_to_company_id is not null or n.assigned_at is not null
     when 'assigned' then n.assigned_at is null or c.twilio_phone_number is null
                          or c.twilio_phone_number <> n.phone_number
     else true end)`;
  const isNoTime = (column: string) =>
    postgres
      ? `not ${isTime(db, column)}`
      : `case when ${isKeptTime(column)} then false else not ${isTime(db, column)} end`;
  const rows = (await poolRows(db)
    .leftJoin("companies as c", "c.id", "n.assigned_to_company_id")
    .select(db.raw(`${breaksRule} as breaks_rule`))
    .whereRaw(
      `(${breaksRule} or ${prefixed} or ${isNoTime("n.assigned_at")} or ${isNoTime("n.created_at")})`,
    )) as (PoolRow & { breaks_rule: boolean | number })[];
  // The database can only preselect; some of these rows are sound.
  return rows.filter(
    ({ breaks_rule, phone_number, assigned_at, created_at }) =>
      breaks_rule ||
      numberKey(phone_number) !== phone_number ||
      isUnreadable(assigned_at) ||
      isUnreadable(created_at),
  );
}

// The pattern takes PostgreSQL five times as long as this check, which few rows meet.
const mayHoldPrefix = `'0' in (substr(n.phone_number, 4, 1), substr(n.phone_number, 5, 1))
  or substr(n.phone_number, 2, 2) in ('10', '11', '70', '78')`;

// The same in SQLite's SQL.
const beginsWithOneOf = (codes: string) =>
  `substr(n.phone_number, 2, 2) in (${codes
    .split(" ")
    .map((code) => `'${code}'`)
    .join(", ")})`;
const trunkPrefixedRows = `(substr(n.phone_number, 4, 1) = '0' and ${beginsWithOneOf(shortCodes)}
  or substr(n.phone_number, 5, 1) = '0' and ${beginsWithOneOf(longCodes)} or ${beginsWithOneOf("10 11 70 78")})`;

// True only for times in the stored form; reading one in another form takes SQLite microseconds.
const isKeptTime = (column: string) =>
  `(${column} glob '[12][0-9][0-9][0-9]-[01][0-9]-[0-2][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
    and substr(${column}, 6, 2) between '01' and '12' and substr(${column}, 9, 2) between '01' and '28'
    and substr(${column}, 12, 2) < '24')`;

// A company's text that is not E.164 is either not in the pool, or there in a row that is itself
// unsound.
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
  return inChunks<string | number, Row>(
    [...values],
    async (chunk) => (await query.clone().whereIn(column, chunk)) as Row[],
  );
}

/**
 * What `read` returns for all of `values`, a chunk at a time, since one statement can bind only so
 * many.
 */
export async function inChunks<Value, Row>(
  values: readonly Value[],
  read: (chunk: Value[]) => PromiseLike<Row[]>,
): Promise<Row[]> {
  let found: Row[] = [];
  for (let start = 0; start < values.length; start += 10_000) {
    found = found.concat(await read(values.slice(start, start + 10_000)));
  }
  return found;
}

function tie(rows: PoolRow[], companies: Claimant[]): Knot[] {
  // A union-find forest: each number and company points towards the one that stands for its knot.
  const towards = new Map<string, string>();
  const root = (node: string): string => {
    for (let next = towards.get(node); next !== undefined; next = towards.get(node)) {
      towards.set(node, towards.get(next) ?? next);
      node = next;
    }
    return node;
  };
  const join = (companyId: number, key: string) => {
    const [company, number] = [root(`company ${companyId}`), root(`number ${key}`)];
    if (company !== number) towards.set(number, company);
  };
  const known = new Set(companies.map(({ id }) => id));
  for (const { phone_number, assigned_to_company_id: owner } of rows) {
    // Two rows whose owner does not exist say nothing about each other.
    if (owner !== null && known.has(owner)) join(owner, numberKey(phone_number));
  }
  for (const company of companies) {
    const key = heldKey(company);
    if (key !== undefined) join(company.id, key);
  }

  const knots = new Map<string, Knot>();
  const knotOf = (node: string): Knot => {
    const knot = knots.get(root(node)) ?? { rows: [], companies: [] };
    knots.set(root(node), knot);
    return knot;
  };
  const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
  for (const company of companies.sort(byId)) {
    knotOf(`company ${company.id}`).companies.push(company);
  }
  for (const row of rows.sort(byId)) knotOf(`number ${numberKey(row.phone_number)}`).rows.push(row);
  return [...knots.values()];
}

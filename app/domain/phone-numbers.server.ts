import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import {
  isCompanyHasNumber,
  isNoSuchCompany,
} from "#app/domain/database-errors.server.ts";
import { callingCodeOf, countryOf } from "#app/domain/e164.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/**
 * The pool. A number belongs to at most one company and a company has at most one number, for ever.
 * The database itself holds the rule (migrations/20261122000001_phone_number_pool.ts): one conditional UPDATE of the
 * number assigns it, a trigger carries the company along, and the count of rows is the answer. Nothing here checks
 * first and writes later.
 */

/** What came of {@link assignPhoneNumber}. */
export type Assignment =
  /** the number is this company's; also where it was already, so that a repeated request gets the same answer */
  | { outcome: "assigned"; phoneNumber: string }
  /** unknown and taken alike; without a number asked for: the pool is empty */
  | { outcome: "not-available" }
  | { outcome: "already-has-number"; phoneNumber: string }
  | { outcome: "no-such-company" };

/**
 * Gives a company a number for ever.
 * @param db a transaction stays usable whatever the outcome
 * @param phoneNumber in E.164; without it the company gets the one that has been available longest
 * @throws the driver's error where the database is away; the assignment may then have happened, and asking again tells
 */
export async function assignPhoneNumber(
  db: Knex,
  companyId: number,
  phoneNumber?: string,
): Promise<Assignment> {
  try {
    const claimed = await inSavepoint(db, (inner) =>
      phoneNumber === undefined
        ? claimFirst(inner, companyId)
        : claim(inner, companyId, phoneNumber),
    );
    if (claimed !== undefined) {
      return { outcome: "assigned", phoneNumber: claimed };
    }
  } catch (error) {
    if (isNoSuchCompany(error)) return { outcome: "no-such-company" };
    if (!isCompanyHasNumber(error)) throw error;
  }
  const company = await db("companies")
    .where({ id: companyId })
    .first<{ twilio_phone_number: string | null } | undefined>(
      "twilio_phone_number",
    );
  if (!company) return { outcome: "no-such-company" };
  const held = company.twilio_phone_number;
  if (held === null) return { outcome: "not-available" };
  return {
    outcome: held === phoneNumber ? "assigned" : "already-has-number",
    phoneNumber: held,
  };
}

// A refused statement ends a PostgreSQL transaction; a savepoint keeps the caller's alive.
function inSavepoint<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  return db.isTransaction ? db.transaction(work) : work(db);
}

function assigned(db: Knex, companyId: number) {
  return db("twilio_phone_numbers")
    .update({
      status: "assigned",
      assigned_to_company_id: companyId,
      assigned_at: toDatabaseTime(),
    })
    .returning<{ phone_number: string }[]>("phone_number");
}

async function claim(
  db: Knex,
  companyId: number,
  phoneNumber: string,
): Promise<string | undefined> {
  const [row] = await assigned(db, companyId).where({
    phone_number: phoneNumber,
    status: "available",
  });
  return row?.phone_number;
}

async function claimFirst(
  db: Knex,
  companyId: number,
): Promise<string | undefined> {
  const skipLocked = isPostgres(db) ? "for update skip locked" : "";
  for (;;) {
    const [row] = await assigned(db, companyId).where(
      "id",
      db.raw(
        `(select id from twilio_phone_numbers where status = 'available'
           order by ${addedAt}, id limit 1 ${skipLocked})`,
      ),
    );
    if (row) return row.phone_number;
    // Every number left may be locked by somebody whose claim will yet fail: wait for one of them, then look again.
    const left = isPostgres(db)
      ? await db("twilio_phone_numbers")
          .where({ status: "available" })
          .forUpdate()
          .first("id")
      : undefined;
    if (!left && !(await anyAvailable(db))) return undefined;
  }
}

async function anyAvailable(db: Knex): Promise<boolean> {
  const row: unknown = await db("twilio_phone_numbers")
    .where({ status: "available" })
    .first("id");
  return row !== undefined;
}

// The expression of the index that pages of the pool are read from.
const addedAt = "coalesce(created_at, '1970-01-01 00:00:00')";

/** A number on offer. `createdAt` is RFC 3339, UTC. */
export interface AvailableNumber {
  phoneNumber: string;
  createdAt: string;
}

export interface AvailableQuery {
  /** numbers a page, 1 to 1000 */
  limit: number;
  /** what an earlier page gave as `nextCursor` */
  cursor?: string | undefined;
  /** what somebody typed to find a number: digits, spaces, a leading 0; with a leading + or 00 it must begin so */
  contains?: string | undefined;
  /** ISO 3166-1 alpha-2 */
  country?: string | undefined;
}

/** A page of the pool's available numbers, or what is wrong with the query. */
export type AvailablePage =
  | { ok: true; numbers: AvailableNumber[]; nextCursor: string | null }
  | { ok: false; invalid: "cursor" | "country" };

interface Row {
  id: number;
  phone_number: string;
  added_at: string | number;
}

/**
 * Available numbers, oldest first, ties by id: keyset pages, so that numbers which others take meanwhile neither
 * repeat one nor hide one that stays available.
 */
export async function listAvailable(
  db: Knex,
  { limit, cursor, contains, country }: AvailableQuery,
): Promise<AvailablePage> {
  let after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && !after) return { ok: false, invalid: "cursor" };
  const callingCode = country === undefined ? "" : callingCodeOf(country);
  if (callingCode === undefined) return { ok: false, invalid: "country" };

  const numbers: Row[] = [];
  // Countries share calling codes (+1, +44 …), so the numbering plan decides; a page may take several reads.
  for (;;) {
    const rows = await availableMatching(db, contains)
      .where("phone_number", "like", `+${callingCode}%`)
      .modify((query) => {
        if (after) {
          void query.whereRaw(
            `(${addedAt}, id) > (${isPostgres(db) ? "?::timestamp" : "?"}, ?)`,
            after,
          );
        }
      })
      .orderByRaw(`${addedAt}, id`)
      .limit(limit + 1)
      .select<Row[]>("id", "phone_number", db.raw(`${addedAt} as added_at`));
    numbers.push(
      ...rows.filter(
        (row) =>
          country === undefined ||
          countryOf(row.phone_number) === country.toUpperCase(),
      ),
    );
    const last = rows.at(-1);
    if (numbers.length > limit || rows.length <= limit || !last) break;
    after = [last.added_at, last.id];
  }

  const page = numbers.slice(0, limit);
  const last = page.at(-1);
  return {
    ok: true,
    numbers: page.map((row) => ({
      phoneNumber: row.phone_number,
      createdAt: toRfc3339(row.added_at),
    })),
    nextCursor:
      numbers.length > limit && last
        ? encodeCursor([last.added_at, last.id])
        : null,
  };
}

/** How many available numbers {@link listAvailable} would give in all. */
export async function countAvailable(
  db: Knex,
  contains?: string,
): Promise<number> {
  const row = await availableMatching(db, contains)
    .count({ total: "*" })
    .first<{ total: number }>();
  return Number(row?.total);
}

function availableMatching(db: Knex, contains?: string) {
  return db("twilio_phone_numbers")
    .where({ status: "available" })
    .modify((query) => {
      const pattern =
        contains === undefined ? undefined : likePattern(contains);
      if (pattern) void query.where("phone_number", "like", pattern);
    });
}

function likePattern(typed: string): string | undefined {
  const text = typed.normalize("NFKC").trim();
  const digits = text.replace(/\D/g, "");
  if (digits === "") return undefined;
  if (text.startsWith("+")) return `+${digits}%`;
  if (digits.startsWith("00")) return `+${digits.slice(2)}%`;
  // A trunk prefix is dialled at home and is no part of E.164: 086 is +353 86.
  return `%${digits.length > 1 ? digits.replace(/^0/, "") : digits}%`;
}

type Keyset = [addedAt: string | number, id: number];

function encodeCursor(keyset: Keyset): string {
  return Buffer.from(JSON.stringify(keyset)).toString("base64url");
}

function decodeCursor(cursor: string): Keyset | undefined {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(cursor, "base64url").toString(),
    );
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [at, id] = value as [unknown, unknown];
    const isTime =
      typeof at === "number" ||
      (typeof at === "string" &&
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?$/.test(at) &&
        !Number.isNaN(Date.parse(`${at.replace(" ", "T")}Z`)));
    return isTime && Number.isSafeInteger(id) ? [at, id as number] : undefined;
  } catch {
    return undefined;
  }
}

/** A number that is a company's, and since when (RFC 3339, UTC). */
export interface OwnNumber {
  phoneNumber: string;
  assignedAt: string;
}

/** The company's number, or undefined where it has none. */
export async function currentPhoneNumber(
  db: Knex,
  companyId: number,
): Promise<OwnNumber | undefined> {
  const row = await db("twilio_phone_numbers")
    .where({ assigned_to_company_id: companyId, status: "assigned" })
    .first<{ phone_number: string; assigned_at: string } | undefined>(
      "phone_number",
      "assigned_at",
    );
  return (
    row && {
      phoneNumber: row.phone_number,
      assignedAt: toRfc3339(row.assigned_at),
    }
  );
}

/**
 * Puts numbers into the pool, all or none; those that are in it already stay as they are.
 * @param phoneNumbers in E.164
 * @returns those that were added
 */
export async function addToPool(
  db: Knex,
  phoneNumbers: readonly string[],
): Promise<Set<string>> {
  const createdAt = toDatabaseTime();
  const added = new Set<string>();
  await db.transaction(async (trx) => {
    // SQLite refuses to turn a transaction that has read into one that writes, once another has written in between.
    await trx("twilio_phone_numbers")
      .whereRaw("false")
      .update({ status: "available" });
    for (const chunk of chunksOf(phoneNumbers)) {
      // Not left to ON CONFLICT: SQLite asks the trigger that guards assigned numbers first, and that one refuses.
      const known = await knownInPool(trx, chunk);
      const missing = chunk.filter((number) => !known.has(number));
      if (missing.length === 0) continue;
      const rows = await trx("twilio_phone_numbers")
        .insert(
          missing.map((phone_number) => ({
            phone_number,
            status: "available",
            created_at: createdAt,
          })),
        )
        .onConflict("phone_number")
        .ignore()
        .returning<{ phone_number: string }[]>("phone_number");
      for (const row of rows) added.add(row.phone_number);
    }
  });
  return added;
}

/** Which of `phoneNumbers` (E.164) the pool has, available or assigned. */
export async function knownInPool(
  db: Knex,
  phoneNumbers: readonly string[],
): Promise<Set<string>> {
  const known = new Set<string>();
  for (const chunk of chunksOf(phoneNumbers)) {
    const found = await db("twilio_phone_numbers")
      .whereIn("phone_number", chunk)
      .pluck<string[]>("phone_number");
    for (const number of found) known.add(number);
  }
  return known;
}

// SQLite and PostgreSQL limit the values that one statement binds.
function* chunksOf(phoneNumbers: readonly string[]): Generator<string[]> {
  const distinct = [...new Set(phoneNumbers)];
  for (let start = 0; start < distinct.length; start += 200) {
    yield distinct.slice(start, start + 200);
  }
}

/** How full the pool is, and how many companies have not chosen yet. */
export interface PoolStatus {
  available: number;
  assigned: number;
  companiesWaiting: number;
}

export async function poolStatus(db: Knex): Promise<PoolStatus> {
  const counts = await db("twilio_phone_numbers")
    .groupBy("status")
    .select<{ status: string; total: number }[]>(
      "status",
      db.raw("count(*) as total"),
    );
  const waiting = await db("companies")
    .whereNull("twilio_phone_number")
    .count({ total: "*" })
    .first<{ total: number }>();
  const of = (status: string) =>
    Number(counts.find((row) => row.status === status)?.total ?? 0);
  return {
    available: of("available"),
    assigned: of("assigned"),
    companiesWaiting: Number(waiting?.total),
  };
}

/** A number of the pool with its owner, for operators. Times are RFC 3339, UTC. */
export interface PoolEntry {
  phoneNumber: string;
  status: "available" | "assigned";
  companyId: number | null;
  companyName: string | null;
  assignedAt: string | null;
  createdAt: string;
}

/**
 * The whole pool, oldest first.
 * @param status only these
 */
export async function listPool(
  db: Knex,
  status?: PoolEntry["status"],
): Promise<PoolEntry[]> {
  const rows = await db("twilio_phone_numbers as n")
    .leftJoin("companies as c", "c.id", "n.assigned_to_company_id")
    .modify((query) => {
      if (status) void query.where("n.status", status);
    })
    .orderByRaw(`coalesce(n.created_at, '1970-01-01 00:00:00'), n.id`)
    .select<
      {
        phone_number: string;
        status: PoolEntry["status"];
        company_id: number | null;
        company_name: string | null;
        assigned_at: string | null;
        added_at: string;
      }[]
    >(
      "n.phone_number",
      "n.status",
      "c.id as company_id",
      "c.company_name",
      "n.assigned_at",
      db.raw("coalesce(n.created_at, '1970-01-01 00:00:00') as added_at"),
    );
  return rows.map((row) => ({
    phoneNumber: row.phone_number,
    status: row.status,
    companyId: row.company_id,
    companyName: row.company_name,
    assignedAt: row.assigned_at === null ? null : toRfc3339(row.assigned_at),
    createdAt: toRfc3339(row.added_at),
  }));
}

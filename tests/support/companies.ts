import type { Knex } from "knex";
import { addToPool, eachInPool, type PoolEntry } from "#app/domain/pool.server.ts";

let made = 0;

/** Makes a company that nobody can sign in to, without the cost of a password. */
export async function insertCompany(
  db: Knex,
  fields: { company_name?: string; phone?: string | null; email?: string } = {},
): Promise<number> {
  const [row] = await db("companies")
    .insert({
      company_name: "Acme",
      owner_name: "Ann Owner",
      email: `company${process.pid}-${++made}@example.com`,
      password_hash: "none",
      ...fields,
    })
    .returning<{ id: number }[]>("id");
  return row!.id;
}

export async function insertCompanies(db: Knex, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let i = 0; i < count; i++) ids.push(await insertCompany(db));
  return ids;
}

/** `count` Irish mobile numbers, `+353860000000` and on. */
export function someNumbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `+35386${String(from + i).padStart(7, "0")}`);
}

/** Puts `count` numbers into the pool and returns them. */
export async function fillPool(db: Knex, count: number): Promise<string[]> {
  const numbers = someNumbers(count);
  await addToPool(db, numbers);
  return numbers;
}

/** Everything that {@link eachInPool} yields. */
export async function wholePool(db: Knex, status?: PoolEntry["status"]): Promise<PoolEntry[]> {
  const entries: PoolEntry[] = [];
  for await (const page of eachInPool(db, status)) entries.push(...page);
  return entries;
}

/** Every assignment according to each of the two tables: `[company id, number]`, sorted. */
export async function assignmentsInBothTables(db: Knex): Promise<{
  pool: [number, string][];
  companies: [number, string][];
}> {
  const pool = await db("twilio_phone_numbers")
    .where({ status: "assigned" })
    .orderBy("assigned_to_company_id")
    .select<{ assigned_to_company_id: number; phone_number: string }[]>(
      "assigned_to_company_id",
      "phone_number",
    );
  const companies = await db("companies")
    .whereNotNull("twilio_phone_number")
    .orderBy("id")
    .select<{ id: number; twilio_phone_number: string }[]>("id", "twilio_phone_number");
  return {
    pool: pool.map((row) => [row.assigned_to_company_id, row.phone_number]),
    companies: companies.map((row) => [row.id, row.twilio_phone_number]),
  };
}

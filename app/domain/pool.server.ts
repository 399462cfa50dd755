import type { Knex } from "knex";
import { enteredPoolAt } from "#app/domain/available-numbers.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/** The pool as operators see it: they add numbers, and look who has which. Nothing here assigns one. */

/**
 * Puts numbers into the pool, all or none; those that are in it already stay as they are.
 * @param phoneNumbers in E.164
 * @returns those that were added
 */
export async function addToPool(db: Knex, phoneNumbers: readonly string[]): Promise<Set<string>> {
  const createdAt = toDatabaseTime();
  const added = new Set<string>();
  await db.transaction(async (trx) => {
    // SQLite refuses to turn a transaction that has read into one that writes, once another has written in between.
    await trx("twilio_phone_numbers").whereRaw("false").update({ status: "available" });
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
export async function knownInPool(db: Knex, phoneNumbers: readonly string[]): Promise<Set<string>> {
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
    .select<{ status: string; total: number }[]>("status", db.raw("count(*) as total"));
  const waiting = await db("companies")
    .whereNull("twilio_phone_number")
    .whereNotIn("id", db("closed_companies").where({ state: "erased" }).select("company_id"))
    .count({ total: "*" })
    .first<{ total: number }>();
  const of = (status: string) => Number(counts.find((row) => row.status === status)?.total ?? 0);
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
export async function listPool(db: Knex, status?: PoolEntry["status"]): Promise<PoolEntry[]> {
  const rows = await db("twilio_phone_numbers")
    .leftJoin("companies as c", "c.id", "assigned_to_company_id")
    .modify((query) => {
      if (status) void query.where("status", status);
    })
    .orderByRaw(`${enteredPoolAt(db)}, twilio_phone_numbers.id`)
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
      "phone_number",
      "status",
      "c.id as company_id",
      "c.company_name",
      "assigned_at",
      db.raw(`${enteredPoolAt(db)} as added_at`),
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

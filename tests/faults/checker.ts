import type { Knex } from "knex";
import { expect } from "vitest";
import { assignmentsInBothTables } from "../support/companies.ts";
import type { Try } from "../support/load.ts";

/**
 * One judge for every fault. Each client's tries are recorded with their answers
 * (`tests/support/load.ts`); whatever was broken meanwhile, this must hold for the history and for
 * what is read at its end.
 */

/** An assignment of the audit trail. */
export interface Recorded {
  companyId: number;
  phoneNumber: string;
  requestId: string | null;
}

/** Everything that the database says about assignments. */
export interface LastRead {
  /** `[company id, number]`, as the pool has them, and as the companies do */
  pool: [number, string][];
  companies: [number, string][];
  audit: Recorded[];
}

/** Reads what {@link violations} needs. */
export async function lastRead(db: Knex): Promise<LastRead> {
  const events = await db("audit_events")
    .where({ event: "assigned" })
    .orderBy("id")
    .select("company_id", "request_id", "details");
  const audit = events.map(({ company_id, request_id, details }) => {
    const { phone_number = "" } = JSON.parse(details ?? "{}") as { phone_number?: string };
    return { companyId: company_id ?? 0, phoneNumber: phone_number, requestId: request_id };
  });
  return { ...(await assignmentsInBothTables(db)), audit };
}

/**
 * The promises that a history breaks, a sentence each; none if all of these hold: whatever was
 * confirmed is there with the same owner; what was refused is not; what is unknown is there in full
 * or not at all; a company is told of only one number, however often it asks; no company and no
 * number is there twice; both tables agree; and the audit trail has each assignment once, by the
 * request that was told of it.
 */
export function violations(tries: readonly Try[], { pool, companies, audit }: LastRead): string[] {
  const broken: string[] = [];
  const broke = (what: string, of: unknown) => broken.push(`${what}: ${JSON.stringify(of)}`);
  const holders = new Map(pool);
  const owners = new Map(pool.map(([company, number]) => [number, company]));
  const told = new Map<number, string>();
  // A company that was refused once may have asked again.
  const perhaps = new Set(
    tries.flatMap((one) => (one.told === "failed" ? [] : [key([one.company.id, one.phoneNumber])])),
  );

  for (const { key: request, company, phoneNumber, told: what } of tries) {
    const held = holders.get(company.id);
    const one = { request, company: company.id, phoneNumber, held };
    if (what === "ok") {
      if (held !== phoneNumber) broke("confirmed and lost", one);
      const before = told.get(company.id);
      if (before !== undefined && before !== phoneNumber) broke("told of two numbers", one);
      told.set(company.id, phoneNumber);
    }
    if (what === "failed" && held === phoneNumber && !perhaps.has(key([company.id, phoneNumber]))) {
      broke("refused and done", one);
    }
  }

  for (const [of, rows] of [
    ["the pool", pool],
    ["companies", companies],
  ] as const) {
    if (new Set(rows.map(([id]) => id)).size < rows.length) broke(`a company twice in ${of}`, rows);
    if (new Set(rows.map(([, number]) => number)).size < rows.length)
      broke(`a number twice in ${of}`, rows);
  }
  const [inPool, inCompanies] = [new Set(pool.map(key)), new Set(companies.map(key))];
  for (const one of pool) if (!inCompanies.has(key(one))) broke("half done: only in the pool", one);
  for (const one of companies)
    if (!inPool.has(key(one))) broke("half done: only with the company", one);

  const byKey = new Map(tries.map((one) => [one.key, one]));
  const seen = new Set<string>();
  for (const { companyId, phoneNumber, requestId } of audit) {
    const one = { companyId, phoneNumber, requestId };
    if (seen.has(phoneNumber)) broke("twice in the audit trail", one);
    seen.add(phoneNumber);
    if (owners.get(phoneNumber) !== companyId) broke("recorded and not done", one);
    const asked = byKey.get(requestId ?? "");
    if (asked && (asked.company.id !== companyId || asked.phoneNumber !== phoneNumber))
      broke("recorded for a request that asked for something else", one);
    if (asked?.told === "failed") broke("recorded for a request that was refused", one);
  }
  for (const one of pool) if (!seen.has(one[1])) broke("done and not recorded", one);
  return broken;
}

const key = ([company, number]: readonly [number, string]) => `${company} ${number}`;

/** Fails with every promise that a history breaks, given the database as it is now. */
export async function expectHeld(db: Knex, tries: readonly Try[]): Promise<void> {
  expect(violations(tries, await lastRead(db))).toEqual([]);
}

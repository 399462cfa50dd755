import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import {
  assignmentsPerHour,
  budgetStatus,
  forgetOldAssignments,
  openAssignments,
} from "#app/domain/assignment-budget.server.ts";
import { readAudit, type By } from "#app/domain/audit.server.ts";
import { assignPhoneNumber, type Assignment } from "#app/domain/phone-numbers.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { fillPool, insertCompanies, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const from = (address: string): By => ({ actor: "company", address });

/** An assignment as an older program, or an operator's SQL, would have written it. */
async function assignedAgo(db: Knex, number: string, seconds: number): Promise<void> {
  await db("twilio_phone_numbers")
    .where({ phone_number: number })
    .update({
      status: "assigned",
      assigned_to_company_id: await insertCompany(db),
      assigned_at: toDatabaseTime(new Date(Date.now() - seconds * 1000)),
    });
}

const outcomes = (assignments: Assignment[]) => {
  const counts: Record<string, number> = {};
  for (const { outcome } of assignments) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

describe.each(engines)("the budget of assignments (%s)", (engine) => {
  async function open(perHour?: number): Promise<{ db: Knex; url: string }> {
    const { url } = await createMigratedDatabase(engine);
    useEnvironment({
      RATE_LIMITS: "on",
      ASSIGNMENTS_PER_HOUR: perHour === undefined ? "" : String(perHour),
    });
    return { db: openDatabase(url), url };
  }

  /** Assigns numbers one after another, each to a new company from a new address. */
  async function assignAll(db: Knex, numbers: readonly string[], by?: (at: number) => By) {
    const companies = await insertCompanies(db, numbers.length);
    const done: Assignment[] = [];
    for (const [at, number] of numbers.entries()) {
      const who = by ? by(at) : from(`198.51.100.${at}`);
      done.push(await assignPhoneNumber(db, companies[at]!, number, who));
    }
    return done;
  }

  test("once it is spent nothing is assigned, and the answer says for how long", async () => {
    const { db } = await open(5);
    const numbers = await fillPool(db, 8);
    await assignedAgo(db, numbers[0]!, 50 * 60);
    await assignedAgo(db, numbers[1]!, 61 * 60);
    const done = await assignAll(db, numbers.slice(2));
    expect(outcomes(done)).toEqual({ assigned: 4, "budget-spent": 2 });
    const refused = done.at(-1)!;
    expect(refused).toMatchObject({ of: "service" });
    const { retryAfter } = refused as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(9 * 60);
    expect(retryAfter).toBeLessThanOrEqual(10 * 60);
    expect(
      await db("twilio_phone_numbers").where({ status: "available" }).pluck("phone_number"),
    ).toEqual(numbers.slice(6));
    expect(await budgetStatus(db)).toEqual({ budget: 5, spent: 5, openUntil: null });
    const [line] = await readAudit(db, { events: ["assignment-refused"] }, 1);
    expect(line).toMatchObject({ actor: "company", details: { of: "service" } });
    expect(await readAudit(db, { events: ["assigned"] }, 10)).toHaveLength(4);
  });

  test("companies with a number, and requests for a taken or invalid one, still get the usual answer", async () => {
    const { db } = await open(1);
    const [mine = "", other = ""] = await fillPool(db, 2);
    const [owner = 0, late = 0] = await insertCompanies(db, 2);
    const by = from("198.51.100.1");
    expect(await assignPhoneNumber(db, owner, mine, by)).toMatchObject({ outcome: "assigned" });
    expect(await assignPhoneNumber(db, late, other, by)).toMatchObject({ outcome: "budget-spent" });
    for (const number of [mine, other]) {
      expect(await assignPhoneNumber(db, owner, number, by)).toEqual({
        outcome: "already-has-number",
        phoneNumber: mine,
      });
    }
    expect(await assignPhoneNumber(db, late, mine, by)).toEqual({ outcome: "not-available" });
    expect(await assignPhoneNumber(db, 999, other, by)).toEqual({ outcome: "no-such-company" });
    expect(await assignPhoneNumber(db, late, undefined, by)).toMatchObject({
      outcome: "budget-spent",
    });
  });

  test("one address takes 40 an hour, IPv6 together with its /64; others are not affected", async () => {
    const { db } = await open(200);
    const numbers = await fillPool(db, 90);
    const done = await assignAll(db, numbers.slice(0, 43), (at) =>
      from(`2001:db8:1:1::${at.toString(16)}`),
    );
    expect(outcomes(done)).toEqual({ assigned: 40, "budget-spent": 3 });
    expect(done[42]).toMatchObject({ of: "address" });
    expect((done[42] as { retryAfter: number }).retryAfter).toBeGreaterThan(59 * 60);
    const others = await assignAll(db, numbers.slice(43, 85), (at) => from(`2001:db8:1:2::${at}`));
    expect(outcomes(others)).toEqual({ assigned: 40, "budget-spent": 2 });
    // What is older than an hour no longer counts, and the background job deletes it.
    await db("recent_assignments").update({
      assigned_at: toDatabaseTime(new Date(Date.now() - 3_601_000)),
    });
    expect(outcomes(await assignAll(db, numbers.slice(85), () => from("2001:db8:1:1::1")))).toEqual(
      {
        assigned: 5,
      },
    );
    await forgetOldAssignments(db);
    expect(await db("recent_assignments").pluck("network")).toEqual(
      Array(5).fill("2001:db8:1:1::/64"),
    );
  });

  test("of many at once, in two processes, no more are assigned than the budget has left", async () => {
    const { db, url } = await open(10);
    const numbers = await fillPool(db, 40);
    await assignedAgo(db, numbers[0]!, 60);
    const companies = await insertCompanies(db, 40);
    const processes = [openDatabase(url), openDatabase(url)];
    const done = await Promise.all(
      numbers.map((number, at) =>
        // Half ask for a particular number, half for the first available.
        assignPhoneNumber(
          processes[at % 2]!,
          companies[at]!,
          at % 4 < 2 ? number : undefined,
          from(`198.51.100.${at}`),
        ),
      ),
    );
    expect(outcomes(done)["assigned"]).toBe(9);
    expect(await db("twilio_phone_numbers").where({ status: "assigned" }).pluck("id")).toHaveLength(
      10,
    );
    expect(await db("companies").whereNotNull("twilio_phone_number").pluck("id")).toHaveLength(10);
  });

  test("an operator can lift it for a time, for all processes, and restore it", async () => {
    const { db } = await open(1);
    const numbers = await fillPool(db, 60);
    const until = await openAssignments(db, 60);
    expect((await budgetStatus(db)).openUntil).toBe(until);
    const one = () => from("198.51.100.1");
    expect(outcomes(await assignAll(db, numbers.slice(0, 50), one))).toEqual({ assigned: 50 });
    await openAssignments(db, 0);
    expect((await budgetStatus(db)).openUntil).toBeNull();
    expect(outcomes(await assignAll(db, numbers.slice(50, 52), one))).toEqual({
      "budget-spent": 2,
    });
    expect(await readAudit(db, { events: ["assignments-opened"] }, 10)).toMatchObject([
      { actor: "operator", details: { minutes: 0 } },
      { actor: "operator", details: { minutes: 60 } },
    ]);
  });

  test("what operators and the program itself assign is not refused, but counts", async () => {
    const { db } = await open(2);
    const numbers = await fillPool(db, 5);
    expect(
      outcomes(await assignAll(db, numbers.slice(0, 2), () => ({ actor: "operator" }))),
    ).toEqual({ assigned: 2 });
    expect(
      outcomes(await assignAll(db, numbers.slice(2, 3), () => ({ actor: "service" }))),
    ).toEqual({
      assigned: 1,
    });
    expect(outcomes(await assignAll(db, numbers.slice(3)))).toEqual({ "budget-spent": 2 });
  });

  test("within a caller's transaction, a refusal rolls nothing else back", async () => {
    const { db } = await open(1);
    const numbers = await fillPool(db, 2);
    const [one = 0, other = 0] = await insertCompanies(db, 2);
    await db.transaction(async (transaction) => {
      const by = from("198.51.100.1");
      await transaction("companies").where({ id: other }).update({ owner_name: "Somebody" });
      await assignPhoneNumber(transaction, one, numbers[0], by);
      const refused = await assignPhoneNumber(transaction, other, numbers[1], by);
      expect(refused.outcome).toBe("budget-spent");
    });
    expect(await db("companies").where({ id: one }).first()).toMatchObject({
      twilio_phone_number: numbers[0],
    });
    expect(await db("companies").where({ id: other }).first()).toMatchObject({
      owner_name: "Somebody",
      twilio_phone_number: null,
    });
  });

  test("without ASSIGNMENTS_PER_HOUR it is a tenth of the available pool, but at least 60", async () => {
    const { db } = await open();
    await fillPool(db, 20);
    expect(await assignmentsPerHour(db)).toBe(60);
    const { db: larger } = await open();
    await fillPool(larger, 705);
    expect(await assignmentsPerHour(larger)).toBe(70);
  });

  test("RATE_LIMITS=off lifts all of it", async () => {
    const { db } = await open(1);
    useEnvironment({ RATE_LIMITS: "off" });
    const numbers = await fillPool(db, 45);
    expect(outcomes(await assignAll(db, numbers, () => from("198.51.100.1")))).toEqual({
      assigned: 45,
    });
  });
});

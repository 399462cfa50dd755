import type { Knex } from "knex";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { budgetStatus, openAssignments } from "#app/domain/assignment-budget.server.ts";
import { operator, type By } from "#app/domain/audit.server.ts";
import { findSession, beginSession, mostSessions } from "#app/domain/sessions.server.ts";
import { makeResetLink, resettingWith } from "#app/domain/password-reset.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { listSessions } from "#app/domain/own-sessions.server.ts";
import { Counter, TooManyAttemptsError } from "#app/http/counter.server.ts";
import { isFree, renew, take } from "#app/work/leases.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine } from "../support/databases.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

/**
 * Processes whose clocks are an hour apart, on one database. Only `Date` is shifted, not timers and
 * the database's clock.
 */

const hour = 60 * 60;
const clocks = { right: 0, ahead: hour, behind: -hour };
type Clock = keyof typeof clocks;

/** Does something in a process with that clock. */
async function at<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + clocks[clock] * 1000 });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}

const each = Object.keys(clocks) as Clock[];

describeEachEngine("clocks an hour apart", (engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("spend one budget of assignments: none is refilled, and nobody waits for more than its hour", async () => {
    useEnvironment({ RATE_LIMITS: "on", ASSIGNMENTS_PER_HOUR: "6" });
    const numbers = await fillPool(db, 20);
    let next = 0;
    const assign = async (clock: Clock) => {
      const by: By = { actor: "company", address: `198.51.100.${next}` };
      const company = await insertCompany(db);
      return at(clock, () => assignPhoneNumber(db, company, numbers[next++], by));
    };
    for (const clock of [...each, ...each]) {
      expect(await assign(clock)).toMatchObject({ outcome: "assigned" });
    }
    for (const clock of each) {
      const refused = await assign(clock);
      expect(refused, clock).toMatchObject({ outcome: "budget-spent" });
      const { retryAfter } = refused as { retryAfter: number };
      expect(retryAfter).toBeGreaterThan(hour - 60);
      expect(retryAfter).toBeLessThanOrEqual(hour);
      expect(await at(clock, () => budgetStatus(db))).toMatchObject({ budget: 6, spent: 6 });
    }
    // An operator's clock does not matter either.
    for (const clock of each) {
      await at(clock, () => openAssignments(db, 10));
      for (const served of each) {
        const { openUntil } = await at(served, () => budgetStatus(db));
        const minutes = (Date.parse(openUntil ?? "") - Date.now()) / 60_000;
        expect(Math.round(minutes), `${clock} ${served}`).toBe(10);
      }
      expect(await assign(clock)).toMatchObject({ outcome: "assigned" });
    }
  });

  test("spend one share of an address", async () => {
    useEnvironment({ RATE_LIMITS: "on", ASSIGNMENTS_PER_HOUR: "1000" });
    const numbers = await fillPool(db, 43);
    const by: By = { actor: "company", address: "198.51.100.1" };
    const outcomes: string[] = [];
    for (const [index, number] of numbers.entries()) {
      const company = await insertCompany(db);
      const { outcome } = await at(each[index % 3]!, () =>
        assignPhoneNumber(db, company, number, by),
      );
      outcomes.push(outcome);
    }
    expect(outcomes).toEqual(numbers.map((_, index) => (index < 40 ? "assigned" : "budget-spent")));
  });

  test("open each other's sessions, and end none that has just begun", async () => {
    const company = await insertCompany(db);
    for (const clock of each) {
      const id = await at(clock, () => beginSession(db, company));
      for (const other of each) {
        const found = await at(other, () => findSession(db, id));
        expect(found?.company.id, `${clock} ${other}`).toBe(company);
      }
    }
    for (let i = 0; i < mostSessions; i++) await at("ahead", () => beginSession(db, company));
    const own = await at("behind", () => beginSession(db, company));
    expect(await at("behind", () => findSession(db, own))).toBeDefined();
    expect(await listSessions(db, company)).toHaveLength(mostSessions);
  });

  test("make links to a new password that are good for an hour", async () => {
    const company = await insertCompany(db);
    for (const clock of each) {
      const link = await at(clock, () => makeResetLink(db, company, operator));
      const token = link!.slice(link!.lastIndexOf("/") + 1);
      for (const other of each) {
        expect(await at(other, () => resettingWith(db, token)), `${clock} ${other}`).toBeDefined();
      }
      const [{ expires_at } = { expires_at: "" }] = await db("account_links");
      const minutes = (Date.parse(`${expires_at.replace(" ", "T")}Z`) - Date.now()) / 60_000;
      expect(Math.round(minutes), clock).toBe(60);
      await db("account_links").delete();
    }
  });

  test("leave a job to the process that has it", async () => {
    for (const clock of each) {
      expect(await at(clock, () => take(db, clock, "holder"))).toBe(true);
      for (const other of each) {
        expect(await at(other, () => isFree(db, clock)), `${clock} ${other}`).toBe(false);
        expect(await at(other, () => take(db, clock, "another"))).toBe(false);
      }
      expect(await at("behind", () => renew(db, clock, "holder"))).toBe(true);
    }
  });

  test("refill a limit on tries at most once, and lock nobody out for longer than that hour", async () => {
    const { url } = await createMigratedDatabase(engine);
    useEnvironment({ DATABASE_URL: url, RATE_LIMITS: "on" });
    const quarter = 15 * 60;
    const counter = new Counter("clock", { points: 5, seconds: quarter });
    const key = `${engine} somebody`;
    const tries: Record<Clock, number> = { right: 0, ahead: 0, behind: 0 };
    for (let round = 0; round < 8; round++) {
      for (const clock of each) {
        await at(clock, () => counter.spend(key)).then(
          () => tries[clock]++,
          (error: unknown) => {
            expect(error).toBeInstanceOf(TooManyAttemptsError);
            const { retryAfter } = error as TooManyAttemptsError;
            expect(retryAfter).toBeLessThanOrEqual(2 * hour + quarter);
          },
        );
      }
    }
    const through = tries.right + tries.ahead + tries.behind;
    expect(through).toBeGreaterThanOrEqual(5);
    expect(through).toBeLessThanOrEqual(2 * 5);
    // With the correct clock.
    const refused = (await counter.spend(key).catch((error: unknown) => error)) as {
      retryAfter: number;
    };
    expect(refused).toBeInstanceOf(TooManyAttemptsError);
    expect(refused.retryAfter).toBeLessThanOrEqual(hour + quarter);
  });
});

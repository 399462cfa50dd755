import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDatabase } from "#app/db.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { assignmentsInBothTables, insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines } from "../support/databases.ts";

type Step =
  | { does: "sign-up" }
  | { does: "choose"; company: number; number: number }
  | { does: "take-first"; company: number }
  | { does: "skip"; company: number }
  | { does: "restart" };

const index = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constant("sign-up" as const) }),
  fc.record({
    does: fc.constant("choose" as const),
    company: index,
    number: index,
  }),
  fc.record({ does: fc.constant("take-first" as const), company: index }),
  fc.record({ does: fc.constant("skip" as const), company: index }),
  fc.record({ does: fc.constant("restart" as const) }),
);

/** What the system should do: who holds which number, and what anybody who asks is told. */
class Model {
  readonly holds = new Map<number, string>();
  constructor(readonly numbers: string[]) {}

  available(): string[] {
    const taken = new Set(this.holds.values());
    return this.numbers.filter((number) => !taken.has(number));
  }

  assign(company: number, asked?: string): string {
    if (this.holds.has(company)) return "already-has-number";
    const number = this.available().find((one) => !asked || one === asked);
    if (!number) return "not-available";
    this.holds.set(company, number);
    return "assigned";
  }
}

describe.each(engines)("any history on %s", (engine) => {
  test("of sign-ups, choices, skips and restarts matches the model, in both tables after each step", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const database = await createMigratedDatabase(engine);
        let db = createDatabase(database.url);
        try {
          const model = new Model(someNumbers(4));
          await addToPool(db, model.numbers);
          const companies = [await insertCompany(db)];
          for (const one of steps) {
            if (one.does === "sign-up") {
              companies.push(await insertCompany(db));
            } else if (one.does === "restart") {
              await db.destroy();
              db = createDatabase(database.url);
            } else if (one.does !== "skip") {
              const company = companies[one.company % companies.length]!;
              // One number more than the pool has, so that an unknown one is also asked for.
              const asked = one.does === "choose" ? someNumbers(5)[one.number % 5] : undefined;
              const { outcome } = await assignPhoneNumber(db, company, asked);
              expect(outcome).toBe(model.assign(company, asked));
            }
            const { pool, companies: held } = await assignmentsInBothTables(db);
            expect(pool).toEqual(held);
            expect(new Map(pool)).toEqual(model.holds);
            const page = await listAvailable(db, { limit: 10 });
            expect(page.ok && page.numbers.map(({ phoneNumber }) => phoneNumber)).toEqual(
              model.available(),
            );
          }
        } finally {
          await db.destroy();
          await database.drop();
        }
      }),
      { numRuns: 30 },
    );
  });
});

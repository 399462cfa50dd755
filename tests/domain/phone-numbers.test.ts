import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { countAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("choosing a number", (_engine, open) => {
  let db: Knex;
  let company: number;
  let numbers: string[];
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db);
    numbers = await fillPool(db, 3);
  });

  test("an available number becomes the company's in both tables", async () => {
    const before = Date.now();
    expect(await assignPhoneNumber(db, company, numbers[1])).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[1],
    });
    const current = await currentPhoneNumber(db, company);
    expect(current?.phoneNumber).toBe(numbers[1]);
    const assignedAt = Date.parse(current?.assignedAt ?? "");
    expect(Math.abs(assignedAt - before)).toBeLessThan(5_000);
    const row: unknown = await db("companies").where({ id: company }).first();
    expect(row).toMatchObject({ twilio_phone_number: numbers[1] });
  });

  test("the same choice again changes nothing and is answered with the number", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const before: unknown = await db("twilio_phone_numbers").orderBy("id");
    expect(await assignPhoneNumber(db, company, numbers[0])).toEqual({
      outcome: "already-has-number",
      phoneNumber: numbers[0],
    });
    expect(await db("twilio_phone_numbers").orderBy("id")).toEqual(before);
  });

  test("a company that has a number gets no other", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const refused = {
      outcome: "already-has-number",
      phoneNumber: numbers[0],
    };
    expect(await assignPhoneNumber(db, company, numbers[1])).toEqual(refused);
    expect(await assignPhoneNumber(db, company)).toEqual(refused);
    expect(await countAvailable(db)).toBe(2);
  });

  test("a number that is taken and one that is unknown are not available", async () => {
    await assignPhoneNumber(db, company, numbers[0]);
    const other = await insertCompany(db);
    for (const number of [numbers[0], "+353869999999", "", "nonsense"]) {
      expect(await assignPhoneNumber(db, other, number)).toEqual({
        outcome: "not-available",
      });
    }
    expect(await currentPhoneNumber(db, other)).toBeUndefined();
  });

  test("without a choice the number that has been available longest is taken", async () => {
    await db("twilio_phone_numbers")
      .where({ phone_number: numbers[2] })
      .update({ created_at: "2001-01-01 00:00:00" });
    expect(await assignPhoneNumber(db, company)).toEqual({
      outcome: "assigned",
      phoneNumber: numbers[2],
    });
  });

  test("an empty pool has nothing available", async () => {
    await db("twilio_phone_numbers").delete();
    expect(await assignPhoneNumber(db, company)).toEqual({
      outcome: "not-available",
    });
  });

  test("a company that does not exist gets nothing", async () => {
    for (const number of [numbers[0], undefined, "+353869999999"]) {
      expect(await assignPhoneNumber(db, 987_654, number)).toEqual({
        outcome: "no-such-company",
      });
    }
    expect(await countAvailable(db)).toBe(3);
  });

  test("in a transaction every outcome leaves it usable", async () => {
    const other = await insertCompany(db);
    await assignPhoneNumber(db, company, numbers[0]);
    await db.transaction(async (trx) => {
      expect(await assignPhoneNumber(trx, company, numbers[1])).toMatchObject({
        outcome: "already-has-number",
      });
      expect(await assignPhoneNumber(trx, 987_654, numbers[1])).toEqual({
        outcome: "no-such-company",
      });
      expect(await assignPhoneNumber(trx, other, numbers[1])).toMatchObject({
        outcome: "assigned",
      });
    });
    expect((await currentPhoneNumber(db, other))?.phoneNumber).toBe(numbers[1]);
  });

  test("a transaction that is cut off leaves nothing", async () => {
    await expect(
      db.transaction(async (trx) => {
        await assignPhoneNumber(trx, company, numbers[0]);
        throw new Error("killed");
      }),
    ).rejects.toThrow("killed");
    expect(await currentPhoneNumber(db, company)).toBeUndefined();
    expect(await countAvailable(db)).toBe(3);
  });
});

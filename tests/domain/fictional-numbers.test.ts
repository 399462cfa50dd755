import { expect, test } from "vitest";
import { isFictional } from "#app/domain/fictional-numbers.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { seed } from "../../seeds/demo-phone-numbers.ts";

test("every demo number that the seed brings is known to take no calls", async () => {
  const db = openDatabase((await createMigratedDatabase("sqlite")).url);
  await seed(db);
  const numbers: string[] = await db("twilio_phone_numbers").pluck("phone_number");
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.filter((number) => !isFictional(number))).toEqual([]);
});

test.each(["+442079461018", "+353861234567", "+12025550214", "+12125551212", "+61491571156", ""])(
  "a number beside the ranges takes calls: %j",
  (number) => {
    expect(isFictional(number)).toBe(false);
  },
);

import { expect, test } from "vitest";
import { isFictional } from "#app/domain/fictional-numbers.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { seed } from "../../seeds/demo-phone-numbers.ts";

test("every demo number of the seed is known to take no calls", async () => {
  const db = openDatabase((await createMigratedDatabase("sqlite")).url);
  await seed(db);
  const numbers: string[] = await db("twilio_phone_numbers").pluck("phone_number");
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.filter((number) => !isFictional(number))).toEqual([]);
});

test.each([
  "+441134960000 +441614960999 +441914980500 +441632960000 +442079460999 +442896496000 +442920180999",
  "+447700900000 +448081570999 +443069990000",
  "+12025550100 +12025550199 +61255500000 +61870109999 +61491570006 +61491579455",
  "+33199000000 +33639989999 +493023125000 +492214710999 +496990009999 +491713920099 +4917604069000",
  "+46701740605 +46701740699 +353209100000 +353209174350 +353209199999",
])("a number in a range for fiction takes no calls: %s", (text) => {
  expect(text.split(" ").filter((number) => !isFictional(number))).toEqual([]);
});

test.each([
  "+442079461018",
  "+353861234567",
  "+353209000000",
  "+353219174350",
  "+12025550214",
  "+12125551212",
  "+18005550123",
  "+61491571156",
  "+46701740604",
  "",
])("a number just outside the ranges takes calls: %j", (number) => {
  expect(isFictional(number)).toBe(false);
});

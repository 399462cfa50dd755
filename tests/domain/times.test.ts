import { expect, test } from "vitest";
import {
  fromDatabaseTime,
  isDatabaseTime,
  readTime,
  toDatabaseTime,
  toRfc3339,
} from "#app/domain/times.ts";
import { describeEachEngine } from "../support/databases.ts";

test("a time is stored in UTC to the second", () => {
  expect(toDatabaseTime(new Date("2024-01-01T00:30:15.999+01:00"))).toBe("2023-12-31 23:30:15");
});

test.each([
  ["2024-01-01 00:00:00", "2024-01-01T00:00:00Z"],
  ["2024-01-01 00:00:00.123456", "2024-01-01T00:00:00Z"],
  ["2024-02-29 23:59:59", "2024-02-29T23:59:59Z"],
  ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
  ["2024-01-01 02:00:00+02:00", "2024-01-01T00:00:00Z"],
  [1_704_067_200_000, "2024-01-01T00:00:00Z"],
  [1_704_067_200, "2024-01-01T00:00:00Z"],
  [1_704_067_200.75, "2024-01-01T00:00:00Z"],
  ["1704067200", "2024-01-01T00:00:00Z"],
  ["2024-01-01 00:00:00+00", "2024-01-01T00:00:00Z"],
  ["2024-01-01T05:30:00.999+0530", "2024-01-01T00:00:00Z"],
  ["2023-12-31 21:00:00.5-03", "2024-01-01T00:00:00Z"],
  ["1880-01-01 00:00:00+00:19:32", "1879-12-31T23:40:28Z"],
  ["2024-01-01 00:00", "2024-01-01T00:00:00Z"],
  ["2024-01-01", "2024-01-01T00:00:00Z"],
  ["2024-01-30 10:00:00", "2024-01-30T10:00:00Z"],
])("%j is read as %s", (value, shown) => {
  expect(toRfc3339(value)).toBe(shown);
});

test("a time must be on a day that exists", () => {
  for (const time of ["2024-02-29 23:59:59", "1970-01-01 00:00:00.123456"]) {
    expect(isDatabaseTime(time), time).toBe(true);
  }
  for (const none of [
    "",
    "2024-02-30 00:00:00",
    "2024-13-01 00:00:00",
    "0000-01-01 00:00:00",
    "2024-01-01 24:00:00",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "2024-01-01 00:00:00\n",
  ]) {
    expect(isDatabaseTime(none), none).toBe(false);
  }
});

test.each([
  "",
  "  ",
  "01/02/2024 10:00",
  "yesterday",
  "now",
  "infinity",
  "-infinity",
  "2024-02-30 00:00:00",
  "2023-02-29 00:00:00",
  "2024-13-01 00:00:00",
  "2024-01-01 25:00:00",
  "0000-00-00 00:00:00",
  "9999-12-31 23:59:59-01",
  "12024-01-01 00:00:00",
  0,
  20_240_101,
  2_460_310.5,
  Number.NaN,
  Infinity,
  -1,
  null,
  undefined,
  Buffer.from("2024-01-01 00:00:00"),
])("%j is no time, which nothing throws at", (value) => {
  expect(readTime(value)).toBeUndefined();
  expect(fromDatabaseTime(value as string).getTime()).toBeNaN();
  expect(toRfc3339(value as string)).toBe("1970-01-01T00:00:00Z");
});

describeEachEngine("times in the database", (engine, open) => {
  test("are UTC whatever the zones of the program and of the server", async () => {
    const zone = process.env.TZ;
    process.env.TZ = "America/New_York";
    try {
      const db = await open();
      if (engine === "postgres") await db.raw("set time zone 'Asia/Tokyo'");
      const at = new Date("2024-07-01T12:00:00Z");
      await db("twilio_phone_numbers").insert({
        phone_number: "+353861234567",
        created_at: toDatabaseTime(at),
      });
      const row = await db("twilio_phone_numbers").first<{
        created_at: string;
      }>("created_at");
      expect(row.created_at).toBe("2024-07-01 12:00:00");
      expect(fromDatabaseTime(row.created_at)).toEqual(at);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });
});

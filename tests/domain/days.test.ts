import { expect, test } from "vitest";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { dayIn, lastDays, startOfDay } from "#app/domain/days.ts";
import { shownDate, shownMoment, shownTimeZone } from "#app/http/shown-time.server.ts";
import { callsPerDay, newCallSid } from "../support/calls.ts";
import { insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

test.each([
  ["UTC", "2026-11-22", "2026-11-22T00:00:00Z"],
  ["Europe/Dublin", "2026-07-01", "2026-06-30T23:00:00Z"],
  ["America/New_York", "2026-11-22", "2026-11-22T05:00:00Z"],
  ["Asia/Kathmandu", "2026-11-22", "2026-11-21T18:15:00Z"],
  ["Pacific/Kiritimati", "2026-11-22", "2026-11-21T10:00:00Z"],
  ["Etc/GMT+12", "2026-11-22", "2026-11-22T12:00:00Z"],
  // Clocks go forward from 24:00 to 01:00.
  ["Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"],
])("in %s the day %s begins at %s", (zone, day, start) => {
  expect(startOfDay(zone, day).toISOString()).toBe(start.replace("Z", ".000Z"));
});

test("days follow each other without a gap, even if one has 23 or 25 hours", () => {
  for (const [zone, now] of [
    ["Europe/Dublin", "2026-11-01T12:00:00Z"],
    ["America/New_York", "2026-03-12T03:00:00Z"],
    ["Australia/Lord_Howe", "2026-04-08T12:00:00Z"],
    ["Africa/Cairo", "2026-04-28T22:30:00Z"],
  ] as const) {
    const days = lastDays(zone, 14, new Date(now));
    expect(days).toHaveLength(14);
    expect(days.at(-1)!.day).toBe(dayIn(zone, new Date(now)));
    for (const [index, { day, from, until }] of days.entries()) {
      if (index > 0) expect(from).toEqual(days[index - 1]!.until);
      expect(dayIn(zone, from)).toBe(day);
      expect(dayIn(zone, new Date(from.getTime() - 1))).not.toBe(day);
      expect(dayIn(zone, new Date(until.getTime() - 1))).toBe(day);
    }
  }
  const hours = lastDays("Europe/Dublin", 14, new Date("2026-11-01T12:00:00Z")).map(
    ({ from, until }) => (until.getTime() - from.getTime()) / 3_600_000,
  );
  expect(hours.filter((length) => length !== 24)).toEqual([25]);
});

test("a time is today, yesterday, or has its date, in the company's zone", () => {
  const now = new Date("2026-11-22T23:30:00Z");
  expect(shownMoment("2026-11-22T23:10:00Z", "Europe/Dublin", now)).toBe("Today 23:10");
  expect(shownMoment("2026-11-22T21:10:00Z", "Europe/Berlin", now)).toBe("Yesterday 22:10");
  expect(shownMoment("2026-11-20T23:10:00Z", "Europe/Berlin", now)).toBe("21 Nov 2026, 00:10");
  expect(shownDate("2026-11-22T23:10:00Z", "Asia/Tokyo")).toBe("23 November 2026");
  expect(shownTimeZone("UTC")).toBe("UTC");
  expect(shownTimeZone("Europe/Berlin")).toBe("Central European Time (Europe/Berlin)");
});

describeEachEngine("the chart's days", (_engine, open) => {
  test("are the company's", async () => {
    const db = await open();
    const company = await insertCompany(db);
    for (const at of ["2026-11-21T22:59:59Z", "2026-11-21T23:00:00Z", "2026-11-22T22:59:59Z"]) {
      await recordIncomingCall(
        db,
        { callSid: newCallSid(), from: "", to: "+353861234567", at: new Date(at) },
        { companyId: company, route: "phone" },
      );
    }
    const now = new Date("2026-11-22T23:30:00Z");
    expect(await callsPerDay(db, company, 3, "Europe/Berlin", now)).toEqual([
      { day: "2026-11-21", calls: 1, answered: 0, message: 0, missed: 0 },
      { day: "2026-11-22", calls: 2, answered: 0, message: 0, missed: 0 },
      { day: "2026-11-23", calls: 0, answered: 0, message: 0, missed: 0 },
    ]);
    expect((await callsPerDay(db, company, 2, "UTC", now)).map(({ calls }) => calls)).toEqual([
      2, 1,
    ]);
  });
});

import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { eraseCaller, expireCalls } from "#app/domain/call-erasure.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { dueRecordings } from "#app/domain/recordings-to-delete.server.ts";
import { from, secondsIn } from "../support/calls.ts";
import { annAndBob, called, callsOf, recording } from "../support/ann-and-bob.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("calls that are erased", (_engine, open) => {
  let db: Knex;
  let ann: Company;
  let bob: Company;
  let number: string;
  let bobsNumber: string;
  beforeEach(async () => {
    db = await open();
    ({ ann, bob, number, bobsNumber } = await annAndBob(db));
  });

  test("all of a caller's calls go, whoever was called, with their messages, and nobody else's", async () => {
    await called(db, ann, number, recording("a"));
    await called(db, bob, bobsNumber, recording("b"));
    const kept = await called(db, bob, bobsNumber, recording("c"), secondsIn(0), "+353872223333");
    expect(await eraseCaller(db, from)).toBe(2);
    expect(await eraseCaller(db, from)).toBe(0);
    expect(await db("calls").pluck("call_sid")).toEqual([kept]);
    expect((await dueRecordings(db, 10)).sort()).toEqual([recording("a"), recording("b")]);
  });

  test("calls and messages older than CALL_DAYS go, and no younger ones", async () => {
    const now = new Date("2026-11-22T10:00:00Z");
    await called(db, ann, number, recording("a"), new Date("2025-10-18T09:59:59Z"));
    const kept = await called(db, ann, number, recording("b"), new Date("2025-10-18T10:00:00Z"));
    expect(await expireCalls(db, 400, now)).toBe(1);
    expect(await expireCalls(db, 400, now)).toBe(0);
    expect(await callsOf(db, ann)).toEqual([kept]);
    expect(await dueRecordings(db, 10)).toEqual([recording("a")]);
  });
});

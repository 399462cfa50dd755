import fc from "fast-check";
import type { Knex } from "knex";
import { expect, test } from "vitest";
import { examineOffer, repairOffer } from "#app/doctor/offer.server.ts";
import { callsPerDay, newCallSid } from "../support/calls.ts";
import { insertCompanies } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("calls are counted by day", (_engine, open) => {
  test("as they come, as more is reported, and as they go, by whatever SQL", async () => {
    const db = await open();
    const [mine, other] = (await insertCompanies(db, 2)) as [number, number];
    const call = (company_id: number | null, started_at: string) => ({
      call_sid: newCallSid(),
      company_id,
      started_at,
      to_number: "+353861234567",
      twilio_status: "completed",
    });
    const calls = [
      call(mine, "2026-11-20 23:59:59"),
      call(mine, "2026-11-20 00:00:00"),
      call(mine, "2026-11-21 12:00:00"),
      call(other, "2026-11-21 12:00:00"),
      call(null, "2026-11-21 12:00:00"),
    ];
    await db("calls").insert(calls);
    const days = async (company: number) =>
      (await callsPerDay(db, company, 3, "UTC", new Date("2026-11-22T10:00:00Z"))).map(
        ({ calls }) => calls,
      );
    expect(await days(mine)).toEqual([2, 1, 0]);
    expect(await days(other)).toEqual([0, 1, 0]);

    // A late callback reports that it began earlier; the voice webhook says whose it is.
    await db("calls")
      .where({ call_sid: calls[2]!.call_sid })
      .update({ started_at: "2026-11-20 23:00:00" });
    await db("calls").where({ call_sid: calls[4]!.call_sid }).update({ company_id: other });
    await db("calls").update({ twilio_status: "busy" });
    expect(await days(mine)).toEqual([3, 0, 0]);
    expect(await days(other)).toEqual([0, 2, 0]);
    await db("calls").whereIn("call_sid", [calls[0]!.call_sid, calls[3]!.call_sid]).delete();
    expect(await days(mine)).toEqual([2, 0, 0]);
    expect(await days(other)).toEqual([0, 1, 0]);
    expect(await examineOffer(db)).toEqual([]);

    await db("calls_per_day").where({ company_id: mine }).update({ calls: 7 });
    expect(await examineOffer(db)).toMatchObject([{ code: "calls-miscounted" }]);
    await repairOffer(db);
    expect(await days(mine)).toEqual([2, 0, 0]);
    expect(await examineOffer(db)).toEqual([]);

    // Errors that cancel out in total, by company and by day.
    await db("calls_per_day").insert(
      [-1, 2, -1].flatMap((calls, at) =>
        [mine, other].map((company_id) => ({
          company_id,
          day: `2026-10-0${at + 1}`,
          calls: company_id === mine ? calls : -calls,
        })),
      ),
    );
    expect(await examineOffer(db)).toMatchObject([{ code: "calls-miscounted" }]);
  });

  test("with the right number of each outcome, after any history", async () => {
    const db = await open();
    const companies = (await insertCompanies(db, 2)) as [number, number];
    const sids = Array.from({ length: 6 }, newCallSid);
    const facts = fc.record(
      {
        company_id: fc.constantFrom(...companies, null),
        started_at: fc.constantFrom("2026-11-20 23:59:59", "2026-11-21 00:00:00"),
        to_number: fc.constantFrom("+353861234567", null),
        dial_result: fc.constantFrom("answered", "no-answer", "busy", null),
        recording_sid: fc.constantFrom("RE1", null),
        recording_absent: fc.boolean(),
        twilio_status: fc.constantFrom("ringing", "completed", "failed"),
        blocked: fc.boolean(),
        heard_at: fc.constantFrom("2026-11-21 00:00:00", null),
      },
      { requiredKeys: [] },
    );
    const some = fc.uniqueArray(fc.constantFrom(...sids), { minLength: 1 });
    const called = { started_at: "2026-11-20 12:00:00", twilio_status: "ringing" };
    const event = fc.oneof(
      fc.tuple(some, facts).map(([which, change]) => async (trx: Knex) => {
        const rows = which.map((call_sid) => ({ call_sid, ...called, ...change }));
        await trx("calls").insert(rows).onConflict("call_sid").merge();
      }),
      fc.tuple(some, facts).map(([which, change]) => async (trx: Knex) => {
        const changed = { twilio_status: "completed", ...change };
        await trx("calls").whereIn("call_sid", which).update(changed);
      }),
      some.map((which) => async (trx: Knex) => {
        await trx("calls").whereIn("call_sid", which).delete();
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 8 }), async (history) => {
        for (const happens of history) await happens(db);
        const owned = await db("calls").whereNotNull("company_id");
        const kept = await db("calls_per_day");
        for (const company of companies) {
          for (const day of ["2026-11-20", "2026-11-21"]) {
            const there = owned.filter(
              (call) => call.company_id === company && call.started_at.startsWith(day),
            );
            const of = (outcome: string) => there.filter((call) => call.outcome === outcome).length;
            const row = kept.find((one) => one.company_id === company && one.day === day);
            expect(row ?? { calls: 0, answered: 0, message: 0, missed: 0 }).toMatchObject({
              calls: there.length,
              answered: of("answered"),
              message: of("message"),
              missed: of("missed"),
            });
          }
        }
        expect(await examineOffer(db)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

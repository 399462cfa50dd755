import fc from "fast-check";
import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import {
  isAnswered,
  recordCallStatus,
  recordDialResult,
  recordIncomingCall,
  recordRecording,
} from "#app/domain/call-events.server.ts";
import { callOutcomes, type Call } from "#app/domain/calls.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { callsOf, from, newCallSid, recentCalls, scenarios, secondsIn } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";
import { accountSid, recordingUrl, useEnvironment } from "../support/twilio-webhooks.ts";

test("the scenarios below end in every outcome that a company sees", () => {
  const told = new Set<string>(scenarios.map(({ outcome }) => outcome));
  expect([...told, "blocked", "in-progress", "unknown", "unmatched"].sort()).toEqual(
    [...callOutcomes].sort(),
  );
});

describeEachEngine("what Twilio tells of a call", (_engine, open) => {
  let db: Knex;
  let company: number;
  let to: string;
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db);
    [to] = (await fillPool(db, 1)) as [string];
    await assignPhoneNumber(db, company, to);
  });

  /** Records a call whose end is never reported. */
  async function comes(at: Date): Promise<string> {
    const callSid = newCallSid();
    const event = { callSid, from, to, status: "ringing", at };
    await recordIncomingCall(db, event, { companyId: company, route: "phone" });
    return callSid;
  }

  async function only(): Promise<Call> {
    const calls = await recentCalls(db, company, 10);
    expect(calls).toHaveLength(1);
    return calls[0]!;
  }

  describe("a call's story", () => {
    test("answered: who called whom, when, and for how long", async () => {
      const callSid = newCallSid();
      const event = { callSid, from, to };
      await recordIncomingCall(
        db,
        { ...event, status: "ringing", at: secondsIn(0) },
        { companyId: company, route: "phone" },
      );
      // It was days ago, and nobody has reported its end.
      expect(await only()).toMatchObject({
        outcome: "unknown",
        endedAt: null,
        seconds: null,
      });
      await recordDialResult(
        db,
        { ...event, status: "in-progress", at: secondsIn(50) },
        "answered",
        40,
      );
      await recordCallStatus(db, { ...event, status: "completed", at: secondsIn(51) }, 51);
      expect(await only()).toEqual({
        callSid,
        from,
        to,
        outcome: "answered",
        reason: "Somebody answered.",
        startedAt: "2026-11-22T10:00:00Z",
        answeredAt: "2026-11-22T10:00:10Z",
        endedAt: "2026-11-22T10:00:51Z",
        seconds: 51,
        recordingUrl: null,
        message: null,
        deletionWaits: false,
        callerBlocked: false,
        recordingSeconds: null,
      });
    });

    test.each(scenarios)("$name: $outcome, $reason", async (scenario) => {
      const callSid = newCallSid();
      for (const send of callsOf(scenario, { callSid, company, to })) {
        await send(db);
      }
      expect(await only()).toMatchObject({
        outcome: scenario.outcome,
        reason: scenario.reason,
      });
    });

    test("a recording that Twilio finds empty after all is not a message", async () => {
      const callSid = newCallSid();
      const event = { callSid, from, to };
      const sid = `RE${"e".repeat(32)}`;
      useEnvironment({ TWILIO_ACCOUNT_SID: accountSid });
      await recordIncomingCall(db, event, {
        companyId: company,
        route: "message",
      });
      await recordRecording(db, event, { sid, seconds: 1 });
      expect(await only()).toMatchObject({
        outcome: "message",
        recordingUrl,
        recordingSeconds: 1,
      });
      await recordRecording(db, { callSid }, "absent");
      await recordCallStatus(db, { ...event, status: "completed" }, 9);
      expect(await only()).toMatchObject({
        outcome: "missed",
        reason: "The caller left no message.",
        recordingUrl: null,
        recordingSeconds: null,
      });
    });

    test("a call whose end was never reported is unknown after a day", async () => {
      await comes(new Date(Date.now() - 25 * 60 * 60 * 1000));
      expect(await only()).toMatchObject({
        outcome: "unknown",
        reason: "How the call ended was never reported.",
      });
    });

    test("a final state is never left", async () => {
      const callSid = await comes(secondsIn(0));
      const event = { callSid, from, to };
      await recordCallStatus(db, { ...event, status: "no-answer", at: secondsIn(9) }, 9);
      const before = await only();
      for (const status of ["queued", "ringing", "in-progress", "completed"]) {
        await recordCallStatus(db, { ...event, status, at: secondsIn(20) });
      }
      expect(await only()).toEqual(before);
    });

    test("an unknown status ends nothing", async () => {
      const callSid = await comes(secondsIn(0));
      await recordCallStatus(db, { callSid, from, to, status: "pondering" });
      expect(await only()).toMatchObject({ outcome: "unknown" });
    });

    test("whether it was answered can be asked", async () => {
      const callSid = await comes(secondsIn(0));
      expect(await isAnswered(db, callSid)).toBe(false);
      await recordDialResult(db, { callSid }, "answered");
      expect(await isAnswered(db, callSid)).toBe(true);
    });
  });

  describe("disorder", () => {
    test("the callbacks of a call end in the same row in any order, however often each comes", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...scenarios).chain((scenario) => {
            const indexes = callsOf(scenario, {
              callSid: "",
              company,
              to,
            }).map((_, index) => index);
            return fc.record({
              scenario: fc.constant(scenario),
              order: fc.subarray(indexes).chain((repeated) =>
                fc.shuffledSubarray([...indexes, ...repeated], {
                  minLength: indexes.length + repeated.length,
                }),
              ),
            });
          }),
          async ({ scenario, order }) => {
            const [straight, mixed] = [newCallSid(), newCallSid()];
            const inOrder = callsOf(scenario, {
              callSid: straight,
              company,
              to,
            });
            for (const send of inOrder) await send(db);
            const events = callsOf(scenario, { callSid: mixed, company, to });
            for (const index of order) await events[index]!(db);
            const row = async (callSid: string) => ({
              ...(await db("calls").where({ call_sid: callSid }).first<object>()),
              call_sid: "",
            });
            expect(await row(mixed)).toEqual(await row(straight));
          },
        ),
        { numRuns: 60 },
      );
    });

    test("the same callbacks all at once make one row", async () => {
      for (const scenario of scenarios) {
        const callSid = newCallSid();
        const events = callsOf(scenario, { callSid, company, to });
        await Promise.all([...events, ...events].reverse().map((send) => send(db)));
        const calls = await recentCalls(db, company, 100);
        const rows = calls.filter((call) => call.callSid === callSid);
        expect(rows.map(({ outcome }) => outcome)).toEqual([scenario.outcome]);
      }
    });

    test("calls that share everything but the SID are calls of their own", async () => {
      await comes(secondsIn(0));
      await comes(secondsIn(0));
      expect(await recentCalls(db, company, 10)).toHaveLength(2);
    });
  });
});

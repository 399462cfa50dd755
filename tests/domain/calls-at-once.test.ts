import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import {
  mostCallsAtOnce,
  recordCallStatus,
  recordDialResult,
  recordIncomingCall,
  recordRecording,
  recordStreamEnd,
} from "#app/domain/call-events.server.ts";
import type { CallMode } from "#app/domain/call-handling.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { from, newCallSid, recentCalls } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("calls at once", (_engine, open) => {
  let db: Knex;
  let company: number;
  let to: string;
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db);
    [to] = (await fillPool(db, 1)) as [string];
    await assignPhoneNumber(db, company, to);
  });

  const answer = () => ({ companyId: company, route: "phone" }) as const;
  const event = (at = new Date()) => ({
    callSid: newCallSid(),
    from,
    to,
    status: "ringing",
    at,
  });

  async function fill(route: CallMode = "phone", at?: Date): Promise<string[]> {
    const calls = Array.from({ length: mostCallsAtOnce }, () => event(at));
    for (const call of calls) {
      const recorded = await recordIncomingCall(db, call, { companyId: company, route });
      expect(recorded).toBe("recorded");
    }
    return calls.map(({ callSid }) => callSid);
  }

  test("the eleventh is refused as busy, even if it is sent again", async () => {
    await fill();
    const call = event();
    for (let i = 0; i < 2; i++) {
      expect(await recordIncomingCall(db, call, answer())).toBe("too-many");
    }
    const [newest] = (await recentCalls(db, company, 20)).filter(
      ({ callSid }) => callSid === call.callSid,
    );
    expect(newest).toMatchObject({ outcome: "busy", reason: "Too many calls were going on." });
  });

  test("one that is sent again while all are going on stays connected", async () => {
    const [callSid = ""] = await fill();
    const again = { ...event(), callSid };
    expect(await recordIncomingCall(db, again, answer())).toBe("recorded");
    const row = await db("calls").where({ call_sid: callSid }).first<object>();
    expect(row).toMatchObject({ route: "phone", dial_result: null });
  });

  test.each([
    ["its end", (callSid: string) => recordCallStatus(db, { callSid, status: "completed" })],
    ["the end of ringing", (callSid: string) => recordDialResult(db, { callSid }, "canceled")],
    ["the end of talking", (callSid: string) => recordDialResult(db, { callSid }, "answered")],
    [
      "a message",
      (callSid: string) => recordRecording(db, { callSid }, { sid: "RE1", seconds: 1 }),
    ],
  ])("%s makes room", async (_name, end) => {
    const [callSid = ""] = await fill();
    await end(callSid);
    expect(await recordIncomingCall(db, event(), answer())).toBe("recorded");
    expect(await recordIncomingCall(db, event(), answer())).toBe("too-many");
  });

  test("a voice agent's call goes on once it has answered, until its stream ends", async () => {
    const [callSid = ""] = await fill("stream");
    await recordDialResult(db, { callSid }, "answered");
    expect(await recordIncomingCall(db, event(), answer())).toBe("too-many");
    await recordStreamEnd(db, { callSid });
    expect(await recordIncomingCall(db, event(), answer())).toBe("recorded");
  });

  test("calls whose end was never reported stop counting after the time limit", async () => {
    await fill("phone", new Date(Date.now() - 251 * 60_000));
    expect(await recordIncomingCall(db, event(), answer())).toBe("recorded");
  });

  test("each company has a limit of its own", async () => {
    await fill();
    const other = { companyId: await insertCompany(db), route: "phone" } as const;
    expect(await recordIncomingCall(db, event(), other)).toBe("recorded");
    expect(await recordIncomingCall(db, event(), undefined)).toBe("recorded");
  });

  test("a call that came back is over, and does not count", async () => {
    for (let i = 0; i <= mostCallsAtOnce; i++) {
      await recordIncomingCall(db, event(), { companyId: company, route: "came-back" });
    }
    expect((await recentCalls(db, company, 1))[0]).toMatchObject({
      outcome: "failed",
      reason: "A call that was passed on came back, and was ended.",
      endedAt: expect.any(String) as string,
    });
    expect(await recordIncomingCall(db, event(), answer())).toBe("recorded");
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import {
  blockCallerOf,
  blockedCallers,
  saveWithheldChoice,
  unblockCaller,
} from "#app/domain/blocked-callers.server.ts";
import {
  recordCallStatus,
  recordIncomingCall,
  recordRecording,
} from "#app/domain/call-events.server.ts";
import { newCallSid, recentCalls, secondsIn } from "../support/calls.ts";
import { insertCompany } from "../support/companies.ts";
import { calledCompany, type CalledCompany } from "../support/called-company.ts";
import { engines } from "../support/databases.ts";
import { IncomingCall, outline } from "../support/twilio-webhooks.ts";

const caller = "+353871112222";

describe.each(engines)("who may not call (%s)", (engine) => {
  let called: CalledCompany;
  beforeEach(async () => {
    called = await calledCompany(engine);
    await called.wants({});
  });

  /** The company is called and blocks who called. */
  async function blocks(from = caller): Promise<string> {
    const call = new IncomingCall(called.number, from);
    await call.comes();
    expect(await blockCallerOf(called.db, called.company, call.callSid)).toBe("blocked");
    return call.callSid;
  }

  test("a blocked caller hears that calls are not accepted, and is logged as blocked until it is lifted", async () => {
    const { db, company, number } = called;
    await blocks();
    const again = new IncomingCall(number);
    expect(outline(await again.comes())).toEqual([
      "Say This number is not accepting calls. Goodbye.",
      "Hangup",
    ]);
    await again.ends();
    const calls = await recentCalls(db, company, 2);
    expect(calls.find(({ callSid }) => callSid === again.callSid)).toMatchObject({
      outcome: "blocked",
      reason: "You had blocked the caller.",
      callerBlocked: true,
      message: null,
    });
    const other = new IncomingCall(number, "+353871112223");
    expect(outline(await other.comes())).toEqual(["Say Hello.", "Dial"]);

    expect(await unblockCaller(db, company, caller)).toBe(true);
    expect(await unblockCaller(db, company, caller)).toBe(false);
    expect(outline(await new IncomingCall(number).comes())).toEqual(["Say Hello.", "Dial"]);
    const events = await db("audit_events").whereLike("event", "caller-%").pluck("event");
    expect(events).toEqual(["caller-blocked", "caller-unblocked"]);
  });

  test("blocking twice is blocking once, and works only for the company's own calls from recognisable callers", async () => {
    const { db, company } = called;
    const callSid = await blocks();
    expect(await blockCallerOf(db, company, callSid)).toBe("blocked");
    expect(await blockedCallers(db, company)).toMatchObject([{ caller }]);
    const stranger = await insertCompany(db, { email: "other@example.com" });
    expect(await blockCallerOf(db, stranger, callSid)).toBe("no-such-call");
    expect(await blockedCallers(db, stranger)).toEqual([]);
    const withheld = new IncomingCall(called.number, "anonymous");
    await withheld.comes();
    expect(await blockCallerOf(db, company, withheld.callSid)).toBe("withheld");
  });

  test("withheld numbers are taken, asked for a message, or refused", async () => {
    const { db, company, number } = called;
    const comes = async (from: string) => outline(await new IncomingCall(number, from).comes());
    expect(await comes("anonymous")).toEqual(["Say Hello.", "Dial"]);
    await saveWithheldChoice(db, company, "message");
    expect(await comes("+266696687")).toEqual([
      "Say Hello.",
      "Say Please leave a message after the tone.",
      "Record",
      "Say We did not hear a message. Goodbye.",
      "Hangup",
    ]);
    expect(await comes(caller)).toEqual(["Say Hello.", "Dial"]);
    await saveWithheldChoice(db, company, "refuse");
    expect(await comes("anonymous")).toEqual([
      "Say This number is not accepting calls from withheld numbers. Please call again and show your number.",
      "Hangup",
    ]);
    expect((await recentCalls(db, company, 5)).map(({ outcome }) => outcome)).toContain("blocked");
    expect(await comes(caller)).toEqual(["Say Hello.", "Dial"]);
    await saveWithheldChoice(db, company, "as-others");
    expect(await comes("anonymous")).toEqual(["Say Hello.", "Dial"]);
  });

  test("in whatever order Twilio reports a blocked call, it is blocked", async () => {
    const { db, company, number: to } = called;
    const steps = [
      (callSid: string) =>
        recordIncomingCall(
          db,
          { callSid, from: caller, to, status: "ringing", at: secondsIn(0) },
          { companyId: company, route: "blocked" },
        ),
      (callSid: string) =>
        recordCallStatus(db, {
          callSid,
          from: caller,
          to,
          status: "in-progress",
          at: secondsIn(1),
        }),
      (callSid: string) =>
        recordCallStatus(
          db,
          { callSid, from: caller, to, status: "completed", at: secondsIn(2) },
          2,
        ),
      // A recording that is none of this call's making changes nothing of that.
      (callSid: string) =>
        recordRecording(
          db,
          { callSid, to, at: secondsIn(3) },
          { sid: `RE${"e".repeat(32)}`, seconds: 1 },
        ),
      // Lifted, and Twilio asks again.
      (callSid: string) =>
        recordIncomingCall(
          db,
          { callSid, from: caller, to, status: "ringing", at: secondsIn(4) },
          { companyId: company, route: "blocked" },
        ),
    ];
    for (const order of permutations(steps)) {
      const callSid = newCallSid();
      for (const step of order) await step(callSid);
      const [row] = await db("calls").where({ call_sid: callSid }).select("outcome", "route");
      expect(row).toEqual({ outcome: "blocked", route: "nobody" });
    }
  });

  test("a connected call stays what it was if its caller is blocked meanwhile", async () => {
    const call = new IncomingCall(called.number);
    const verbs = await call.comes();
    await blockCallerOf(called.db, called.company, call.callSid);
    await call.comes();
    await call.dialled(verbs[1], "completed", { DialCallDuration: "20" });
    await call.ends();
    expect(await called.logged()).toMatchObject({ outcome: "answered" });
  });
});

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, index) => index !== at)).map((rest) => [item, ...rest]),
  );
}

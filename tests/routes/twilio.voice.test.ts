import { beforeEach, describe, expect, test } from "vitest";
import { unmatchedCalls } from "#app/domain/calls.server.ts";
import { eraseCompany, freezeCompany } from "#app/domain/closed-companies.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { calledCompany, type CalledCompany } from "../support/called-company.ts";
import { recentCalls } from "../support/calls.ts";
import { insertCompany } from "../support/companies.ts";
import { engines } from "../support/databases.ts";
import { IncomingCall, outline, recordingUrl, verbsFrom } from "../support/twilio-webhooks.ts";

const goodbye = ["Say Nobody can take your call right now. Goodbye.", "Hangup"];

describe.each(engines)("a call comes in (%s)", (engine) => {
  let called: CalledCompany;
  beforeEach(async () => {
    called = await calledCompany(engine);
  });

  test("by default the phone from sign-up rings, after a greeting that names the company", async () => {
    const call = new IncomingCall(called.number);
    const [greeting, dial] = await call.comes();
    expect(greeting?.text).toBe(`Thank you for calling Smith & Sons <"Best"> 'Ltd'.`);
    expect(dial).toMatchObject({
      name: "Dial",
      attributes: { timeout: "20" },
      children: [{ name: "Number", text: "+353863334444" }],
    });
    expect(await called.logged()).toMatchObject({
      callSid: call.callSid,
      from: call.from,
      to: called.number,
      outcome: "in-progress",
    });
  });

  test("somebody answers, and it is over", async () => {
    const call = new IncomingCall(called.number);
    const [, dial] = await call.comes();
    const more = { DialCallDuration: "30" };
    expect(outline(await call.dialled(dial, "completed", more))).toEqual(["Hangup"]);
    await call.ends("completed", 42);
    expect(await called.logged()).toMatchObject({
      outcome: "answered",
      reason: "Somebody answered.",
      seconds: 42,
      answeredAt: expect.stringMatching(/Z$/) as string,
      endedAt: expect.stringMatching(/Z$/) as string,
    });
  });

  test.each([
    ["no-answer", "Nobody answered, and the caller left a message."],
    ["busy", "The line was busy, and the caller left a message."],
    ["failed", "The phone could not be reached, and the caller left a message."],
    ["pondering", "The phone could not be reached, and the caller left a message."],
  ])("%s: the caller leaves a message", async (result, reason) => {
    const call = new IncomingCall(called.number);
    const [, dial] = await call.comes();
    const [, record] = await call.dialled(dial, result);
    expect(outline(await call.leavesMessage(record))).toEqual([
      "Say Thank you. Goodbye.",
      "Hangup",
    ]);
    await call.ends();
    expect(await called.logged()).toMatchObject({
      outcome: "message",
      reason,
      recordingUrl,
      recordingSeconds: 7,
    });
  });

  test.each([
    ["no-answer", "missed", "Nobody answered."],
    ["busy", "busy", "The line was busy."],
    ["failed", "failed", "The phone could not be reached."],
  ] as const)("%s, where no messages are taken: %s", async (result, outcome, reason) => {
    await called.wants({ takeMessage: false });
    const call = new IncomingCall(called.number);
    const [, dial] = await call.comes();
    expect(outline(await call.dialled(dial, result))).toEqual(goodbye);
    await call.ends();
    expect(await called.logged()).toMatchObject({ outcome, reason });
  });

  test("the caller hangs up while it rings", async () => {
    const call = new IncomingCall(called.number);
    const [, dial] = await call.comes();
    expect(outline(await call.dialled(dial, "canceled"))).toEqual(["Hangup"]);
    await call.ends();
    expect(await called.logged()).toMatchObject({
      outcome: "missed",
      reason: "The caller hung up before anybody answered.",
    });
  });

  test("a SIP address rings", async () => {
    const target = "sip:reception@pbx.example.com";
    await called.wants({ mode: "sip", target });
    const call = new IncomingCall(called.number);
    const [, dial] = await call.comes();
    expect(dial).toMatchObject({
      attributes: { timeout: "15" },
      children: [{ name: "Sip", text: target }],
    });
    await call.dialled(dial, "answered");
    await call.ends();
    expect(await called.logged()).toMatchObject({ outcome: "answered" });
  });

  describe("a voice agent", () => {
    beforeEach(() => called.wants({ mode: "stream", target: "wss://agent.example.com/" }));

    test("talks with the caller until it is over", async () => {
      const call = new IncomingCall(called.number);
      const [, connect] = await call.comes();
      await call.streams(connect, "stream-started");
      expect(await called.logged()).toMatchObject({
        outcome: "answered",
        reason: "The voice agent answered.",
      });
      const next = await call.send(connect?.attributes["action"] ?? "", call.fields("in-progress"));
      expect(await next.text()).toContain("<Hangup/>");
      await call.ends();
      expect(await called.logged()).toMatchObject({ outcome: "answered" });
    });

    test.each([true, false])(
      "that is down lets the caller leave a message, if so set (%s)",
      async (takeMessage) => {
        await called.wants({
          mode: "stream",
          target: "wss://agent.example.com/",
          takeMessage,
        });
        const call = new IncomingCall(called.number);
        const [, connect] = await call.comes();
        if (takeMessage) await call.streams(connect, "stream-error");
        const { action = "" } = connect?.attributes ?? {};
        const next = await call.send(action, call.fields("in-progress"));
        expect((await next.text()).includes("<Record")).toBe(takeMessage);
        await call.ends();
        expect(await called.logged()).toMatchObject({
          outcome: "failed",
          reason: "The voice agent could not be reached.",
        });
      },
    );
  });

  test.each(["unowned", "", "sip:acme@example.com", "anonymous", "+353"])(
    "a call to %j is nobody's: the caller is told, and it is logged for the operator",
    async (to) => {
      const call = new IncomingCall(to === "unowned" ? called.unowned : to);
      expect(outline(await call.comes())).toEqual(["Say This number is not in service.", "Hangup"]);
      await call.ends();
      expect(await unmatchedCalls(called.db, 10)).toMatchObject([
        { callSid: call.callSid, to: call.to, outcome: "unmatched" },
      ]);
      expect(await recentCalls(called.db, called.company, 10)).toEqual([]);
    },
  );

  test("a frozen company's call is answered, goes no further, and is in its log", async () => {
    await freezeCompany(called.db, called.company);
    const call = new IncomingCall(called.number);
    const words = "Say This number can't take calls at the moment. Goodbye.";
    expect(outline(await call.comes())).toEqual([words, "Hangup"]);
    await call.ends();
    expect(await called.logged()).toMatchObject({
      outcome: "missed",
      reason: "The account was closed for now, and the caller was told.",
    });
  });

  test("an erased company's number is not in service", async () => {
    await eraseCompany(called.db, called.company);
    const call = new IncomingCall(called.number);
    expect(outline(await call.comes())).toEqual(["Say This number is not in service.", "Hangup"]);
    await call.ends();
    expect(await recentCalls(called.db, called.company, 10)).toEqual([]);
  });

  test("signed callbacks of unknown calls make no row unless they name a number of ours", async () => {
    for (const to of ["+353869999999", "anonymous", ""]) {
      const call = new IncomingCall(to);
      await call.ends();
      const fields = { ...call.fields("in-progress"), RecordingUrl: recordingUrl };
      for (const callback of ["dial-result", "recording"]) {
        await verbsFrom(await call.send(`/twilio/voice/${callback}`, fields));
      }
    }
    expect(await called.db("calls")).toEqual([]);
  });

  test("a call from a number of the pool has come back: it is refused, and logged", async () => {
    for (const from of [called.number, called.unowned]) {
      const [verb, ...more] = await new IncomingCall(called.number, from).comes();
      expect([verb?.name, verb?.attributes, more]).toEqual(["Reject", { reason: "rejected" }, []]);
    }
    const [newest] = await recentCalls(called.db, called.company, 10);
    expect(newest).toMatchObject({
      outcome: "failed",
      reason: "A call that was passed on came back, and was ended.",
    });
  });

  test("a call that the company's own phone has forwarded leaves a message", async () => {
    const call = new IncomingCall(called.number);
    const fields = { ...call.fields("ringing"), ForwardedFrom: "+353863334444" };
    const answer = await call.send("/twilio/voice", fields);
    expect(outline(await verbsFrom(answer))).toContain("Record");
  });

  test("an eleventh simultaneous call hears a busy line, and the next is connected when one ends", async () => {
    const calls = Array.from({ length: 10 }, () => new IncomingCall(called.number));
    for (const call of calls) expect((await call.comes())[1]?.name).toBe("Dial");
    const eleventh = new IncomingCall(called.number);
    const [verb] = await eleventh.comes();
    expect([verb?.name, verb?.attributes]).toEqual(["Reject", { reason: "busy" }]);
    await eleventh.ends("busy", 0);
    const log = await recentCalls(called.db, called.company, 20);
    expect(log.find(({ callSid }) => callSid === eleventh.callSid)).toMatchObject({
      outcome: "busy",
      reason: "Too many calls were going on.",
    });
    await calls[0]?.ends();
    expect((await new IncomingCall(called.number).comes())[1]?.name).toBe("Dial");
  });

  test.each(["+1 900 555 1234", "+44 20 7123 4567"])(
    "if the phone from sign-up may not be rung (%s), callers can leave a message",
    async (phone) => {
      await called.db("companies").where({ id: called.company }).update({ phone });
      expect(outline(await new IncomingCall(called.number).comes())).toContain("Record");
    },
  );

  test("a caller who hides the number is connected like any other", async () => {
    const callers = ["anonymous", "+266696687", "+7378742833", "+2562533"];
    for (const from of callers) {
      const [, dial] = await new IncomingCall(called.number, from).comes();
      expect(dial?.attributes["callerId"]).toBe(called.number);
    }
    const log = await recentCalls(called.db, called.company, 10);
    expect(log.map(({ from }) => from).sort()).toEqual(callers.sort());
  });

  test("each call goes to the company that was called, with its settings and into its log", async () => {
    const second = await insertCompany(called.db, { company_name: "Second" });
    await assignPhoneNumber(called.db, second, called.unowned);
    const calls = [new IncomingCall(called.number), new IncomingCall(called.unowned)];
    const [first, other] = await Promise.all(calls.map((call) => call.comes()));
    expect(first?.[1]?.children[0]?.text).toBe("+353863334444");
    expect(outline(other ?? [])[0]).toBe("Say Thank you for calling Second.");
    for (const [index, id] of [called.company, second].entries()) {
      expect(await recentCalls(called.db, id, 10)).toMatchObject([
        { callSid: calls[index]?.callSid },
      ]);
    }
  });

  test("the webhook five times at once, with the status among them, is one call", async () => {
    const call = new IncomingCall(called.number);
    await Promise.all([...Array.from({ length: 5 }, () => call.comes()), call.ends()]);
    expect(await called.logged()).toMatchObject({ outcome: "missed" });
  });

  test("the leg that rings a phone is a separate call, and not in the log", async () => {
    const call = new IncomingCall("+353863334444", called.number);
    const fields = { ...call.fields("completed"), ParentCallSid: "CA1" };
    expect((await call.send("/twilio/voice/status", fields)).status).toBe(200);
    expect(await called.db("calls")).toEqual([]);
  });

  test("the fallback says sorry", async () => {
    const call = new IncomingCall(called.number);
    const fields = {
      ...call.fields("ringing"),
      ErrorCode: "11200",
      ErrorUrl: "https://numbers.example.com/twilio/voice",
    };
    const answer = await call.send("/twilio/voice/fallback", fields);
    expect(await answer.text()).toContain("We can't connect your call");
  });
});

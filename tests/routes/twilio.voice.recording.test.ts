import { beforeEach, describe, expect, test } from "vitest";
import { calledCompany, type CalledCompany } from "../support/called-company.ts";
import { engines } from "../support/databases.ts";
import {
  accountSid,
  IncomingCall,
  recordingUrl,
  useEnvironment,
} from "../support/twilio-webhooks.ts";

describe.each(engines)("a message is left (%s)", (engine) => {
  let called: CalledCompany;
  beforeEach(async () => {
    called = await calledCompany(engine);
  });

  test("a company that takes messages gets one", async () => {
    await called.wants({ mode: "message", target: null });
    const call = new IncomingCall(called.number);
    const verbs = await call.comes();
    await call.leavesMessage(verbs[2]);
    await call.ends();
    expect(await called.logged()).toMatchObject({
      outcome: "message",
      reason: "The caller left a message.",
      recordingUrl,
    });
  });

  test("a recording that turns out empty is not a message", async () => {
    await called.wants({ mode: "message", target: null });
    const call = new IncomingCall(called.number);
    await call.leavesMessage((await call.comes())[2]);
    await call.send("/twilio/voice/recording", {
      ...call.fields(""),
      RecordingStatus: "absent",
    });
    await call.ends();
    expect(await called.logged()).toMatchObject({
      outcome: "missed",
      recordingUrl: null,
    });
  });

  test.each([
    "https://evil.example/2010-04-01/Accounts/AC1/Recordings/RE1",
    recordingUrl.replace("https", "http"),
    recordingUrl.replace("api.twilio.com", "api.twilio.com.evil.example"),
    recordingUrl.replace("api.twilio.com", "api.twilio.com@evil.example"),
    recordingUrl.replace(accountSid, `AC${"6".repeat(32)}`),
    `${recordingUrl}/../../x`,
    "javascript:alert(1)",
  ])("a recording at %s is not kept", async (RecordingUrl) => {
    const call = new IncomingCall(called.number);
    await call.comes();
    const fields = { ...call.fields("in-progress"), RecordingUrl };
    await call.send("/twilio/voice/recording", fields);
    expect(await called.logged()).toMatchObject({ recordingUrl: null });
  });

  test("a message is kept even if its call was not logged", async () => {
    await called.wants({ mode: "message", target: null });
    const call = new IncomingCall(called.number);
    const verbs = await call.comes();
    await called.db("calls").delete();
    const { recordingStatusCallback = "" } = verbs[2]?.attributes ?? {};
    const recording = { RecordingUrl: recordingUrl, RecordingStatus: "completed" };
    const { AccountSid = "", CallSid = "" } = call.fields("");
    await call.send(recordingStatusCallback, { AccountSid, CallSid, ...recording });
    expect(await called.logged()).toMatchObject({ outcome: "message", recordingUrl });
  });

  test("a recording in another of Twilio's regions is kept by its SID, at our own address", async () => {
    const call = new IncomingCall(called.number);
    await call.comes();
    const url = recordingUrl.replace("api.", "api.dublin.ie1.");
    const fields = { ...call.fields("in-progress"), RecordingUrl: url };
    await call.send("/twilio/voice/recording", fields);
    expect(await called.logged()).toMatchObject({ recordingUrl });
    useEnvironment({ TWILIO_API_BASE_URL: "https://api.dublin.ie1.twilio.com" });
    expect(await called.logged()).toMatchObject({ recordingUrl: url });
    expect(await called.db("calls").first<object>()).toMatchObject({
      recording_sid: recordingUrl.slice(-34),
      recording_url: null,
    });
  });
});

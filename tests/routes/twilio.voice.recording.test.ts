import { beforeEach, describe, expect, test } from "vitest";
import { calledCompany, type CalledCompany } from "../support/called-company.ts";
import { engines } from "../support/databases.ts";
import { IncomingCall, recordingUrl } from "../support/twilio-webhooks.ts";

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

  test("a recording that turns out empty is no message", async () => {
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
    `${recordingUrl}/../../x`,
    "javascript:alert(1)",
  ])("a recording at %s is not kept", async (RecordingUrl) => {
    const call = new IncomingCall(called.number);
    await call.comes();
    const fields = { ...call.fields("in-progress"), RecordingUrl };
    await call.send("/twilio/voice/recording", fields);
    expect(await called.logged()).toMatchObject({ recordingUrl: null });
  });

  test("a recording in another of Twilio's regions is kept", async () => {
    const call = new IncomingCall(called.number);
    await call.comes();
    const url = recordingUrl.replace("api.", "api.dublin.ie1.");
    const fields = { ...call.fields("in-progress"), RecordingUrl: url };
    await call.send("/twilio/voice/recording", fields);
    expect(await called.logged()).toMatchObject({ recordingUrl: url });
  });
});

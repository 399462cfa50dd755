import { beforeEach, describe, expect, test } from "vitest";
import {
  openTwilioAccount,
  type ListedPage,
  type Patience,
  type TwilioAccount,
} from "#app/twilio/account.server.ts";
import { freePort } from "../support/free-port.ts";
import { someNumbers } from "../support/companies.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

let api: TwilioApi;
let waits: number[];
let reasons: string[];

beforeEach(async () => {
  api = await startTwilioApi();
  waits = [];
  reasons = [];
});

const unread = async () => {};

function open(
  patience: Partial<Patience> = {},
  given: { authToken?: string; apiBaseUrl?: string } = {},
): TwilioAccount {
  return openTwilioAccount({
    accountSid: api.accountSid,
    authToken: api.authToken,
    apiBaseUrl: api.url,
    ...given,
    patience: { firstWait: 20, ...patience },
    onWait: (milliseconds, reason) => {
      waits.push(milliseconds);
      reasons.push(reason);
    },
  });
}

test("reads every page of the account's numbers", async () => {
  const numbers = someNumbers(2_300);
  for (const number of numbers) api.buy(number);
  const lengths: number[] = [];
  const listed: ListedPage[number][] = [];
  const answer = await open().listNumbers(async (page) => {
    lengths.push(page.length);
    listed.push(...page);
  });
  expect(answer).toEqual({ ok: true });
  expect(listed).toEqual(numbers.map((phoneNumber) => expect.objectContaining({ phoneNumber })));
  expect(lengths).toEqual([1_000, 1_000, 300]);
  expect(api.requests.map(({ path }) => path)).toEqual([
    expect.stringContaining("PageSize=1000"),
    expect.stringContaining("Page=1&PageToken=PA"),
    expect.stringContaining("Page=2&PageToken=PA"),
  ]);
});

test("reads what a number is and where its calls go", async () => {
  api.buy("+353861234567", {
    capabilities: { voice: false, sms: true, mms: false, fax: false },
    trunk_sid: `TK${"0".repeat(32)}`,
  });
  const bought = api.buy("+353861234568");
  const pages: ListedPage[] = [];
  await open().listNumbers(async (page) => void pages.push(page));
  expect(pages).toMatchObject([
    [
      {
        phoneNumber: "+353861234567",
        voice: false,
        handledBy: `TK${"0".repeat(32)}`,
      },
      {
        sid: bought.sid,
        phoneNumber: "+353861234568",
        voice: true,
        handledBy: undefined,
        settings: {
          voiceUrl: "https://demo.twilio.com/welcome/voice/",
          voiceMethod: "POST",
          voiceFallbackUrl: "",
          voiceFallbackMethod: "POST",
          statusCallback: "",
          statusCallbackMethod: "POST",
        },
      },
    ],
  ]);
});

test("what fails for whoever is given the pages is no failure of Twilio's", async () => {
  api.buy("+353861234567");
  const full = new Error("the disk is full");
  await expect(open().listNumbers(() => Promise.reject(full))).rejects.toBe(full);
});

test("changes the settings it is given and no others", async () => {
  const { sid } = api.buy("+353861234567", { friendly_name: "Front desk" });
  const answer = await open().updateNumber(sid, {
    voiceUrl: "https://numbers.example.com/twilio/voice",
  });
  expect(answer).toEqual({ ok: true });
  expect(api.updates().map(({ form }) => form)).toEqual([
    { VoiceUrl: "https://numbers.example.com/twilio/voice" },
  ]);
});

describe("patience", () => {
  test.each([429, 500, 502, 503, 504])(
    "HTTP %i is tried again after a growing wait, and then works",
    async (status) => {
      api.buy("+353861234567");
      api.fail({ status, times: 3 });
      expect(await open().listNumbers(unread)).toMatchObject({ ok: true });
      expect(api.requests).toHaveLength(4);
      expect(waits).toHaveLength(3);
      waits.forEach((wait, attempt) => {
        expect(wait).toBeGreaterThanOrEqual(10 * 2 ** attempt);
        expect(wait).toBeLessThanOrEqual(20 * 2 ** attempt);
      });
    },
  );

  test("a call is not tried for ever", async () => {
    api.fail({ status: 503, times: 99 });
    expect(await open().listNumbers(unread)).toEqual({
      ok: false,
      kind: "unavailable",
      reason: "Twilio is out of order (HTTP 503, Twilio's error 20500)",
    });
    expect(api.requests).toHaveLength(5);
  });

  test("Retry-After says how long to wait, in seconds or as a date", async () => {
    const aMinuteAgo = new Date(Date.now() - 60_000).toUTCString();
    api.fail({ status: 429, retryAfter: "1" });
    api.fail({ status: 429, retryAfter: aMinuteAgo });
    const start = performance.now();
    expect(await open().listNumbers(unread)).toMatchObject({ ok: true });
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    expect(waits[0]).toBe(1_000);
    expect(waits[1]).toBeLessThan(100);
    expect(reasons[0]).toBe("Twilio is too busy (HTTP 429)");
  });

  test("a Retry-After of an hour is a failure at once", async () => {
    api.fail({ status: 429, retryAfter: "3600" });
    expect(await open().listNumbers(unread)).toMatchObject({ kind: "unavailable" });
    expect(api.requests).toHaveLength(1);
  });

  test("a connection that breaks off is tried again", async () => {
    const { sid } = api.buy("+353861234567");
    api.fail({ status: 0, times: 2 });
    const answer = await open().updateNumber(sid, { voiceMethod: "GET" });
    expect(answer).toEqual({ ok: true });
    expect(api.find("+353861234567").voice_method).toBe("GET");
  });

  test("a silent Twilio is given up after the time-out", async () => {
    api.fail({ status: 200, after: 2_000, times: 2 });
    const account = open({ attempts: 2, requestTimeout: 100 });
    expect(await account.listNumbers(unread)).toEqual({
      ok: false,
      kind: "unavailable",
      reason: "Twilio cannot be reached (no answer in time)",
    });
    expect(api.requests).toHaveLength(2);
  });

  test("nobody listening at the address is reported as such", async () => {
    const account = open({ attempts: 2 }, { apiBaseUrl: `http://127.0.0.1:${await freePort()}` });
    expect(await account.listNumbers(unread)).toMatchObject({
      kind: "unavailable",
      reason: "Twilio cannot be reached (ECONNREFUSED)",
    });
  });
});

describe("failures that do not pass are not tried again", () => {
  test("a wrong token", async () => {
    const authToken = "not-the-token";
    const answer = await open({}, { authToken }).listNumbers(unread);
    expect(answer).toEqual({
      ok: false,
      kind: "unauthorized",
      reason:
        "Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (HTTP 401, Twilio's error 20003)",
    });
    expect(api.requests).toHaveLength(1);
  });

  test("a number that was reclaimed", async () => {
    const { sid } = api.buy("+353861234567");
    api.reclaim("+353861234567");
    const answer = await open().updateNumber(sid, { voiceMethod: "POST" });
    expect(answer).toMatchObject({ ok: false, kind: "refused" });
    expect(!answer.ok && answer.reason).toContain(
      "HTTP 404, Twilio's error 20404: The requested resource",
    );
    expect(api.requests).toHaveLength(1);
  });

  test("an answer that is not Twilio's", async () => {
    for (const body of ["<html>Sign in to the Wi-Fi</html>", "{}", "[]"]) {
      api.fail({ status: 200, body });
      expect(await open().listNumbers(unread)).toEqual({
        ok: false,
        kind: "unavailable",
        reason: "Twilio's answer cannot be read",
      });
    }
  });

  test("a message with control characters is printed without them", async () => {
    const { sid } = api.buy("+353861234567");
    api.fail({ status: 400, code: 21402, message: "no\x1b[2J\nsuch\u202eURL" });
    const answer = await open().updateNumber(sid, { voiceUrl: "" });
    expect(answer).toMatchObject({
      kind: "refused",
      reason: "HTTP 400, Twilio's error 21402: no [2J such URL",
    });
  });
});

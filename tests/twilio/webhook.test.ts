import fc from "fast-check";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { log } from "#app/log/log.server.ts";
import { DeadlineError } from "#app/twilio/deadline.server.ts";
import { isSigned, twilioRoute } from "#app/twilio/webhook.server.ts";
import { noted } from "#app/twilio/twiml.server.ts";
import {
  accountSid,
  authToken,
  publicUrl,
  signedRequest,
  useEnvironment,
  useTwilio,
  type Signing,
} from "../support/twilio-webhooks.ts";

const path = "/twilio/voice/status";
const callSid = `CA${"0123456789abcdef".repeat(2)}`;
const fields = {
  AccountSid: accountSid,
  CallSid: callSid,
  To: "+353861234567",
};

const { loader, action } = twilioRoute(async () => noted(), noted);

async function statusOf(request: Request): Promise<number> {
  return (await action({ request, params: {}, context: {} })).status;
}

const sent = (more: Record<string, string> = {}, signing?: Signing) =>
  statusOf(signedRequest(path, { ...fields, ...more }, signing));

// Nothing here touches the database.
beforeEach(() => useTwilio("sqlite::memory:"));
afterEach(() => vi.restoreAllMocks());

describe("the signature", () => {
  // Twilio's documentation, "Webhooks security", and its samples (twilio-samples/api-snippets,
  // signature_validation).
  test.each([
    ["+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="],
    ["+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc="],
    ["+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="],
  ])("Twilio's own example with %s verifies", (caller, signature) => {
    useEnvironment({ PUBLIC_URL: "https://mycompany.com" });
    const request = new Request("http://localhost:3000/myapp.php?foo=1&bar=2", {
      headers: { "X-Twilio-Signature": signature },
    });
    const example = new URLSearchParams({
      CallSid: "CA1234567890ABCDE",
      Caller: caller,
      Digits: "1234",
      From: caller,
      To: "+18005551212",
    });
    expect(isSigned("12345", request, example)).toBe(true);
    example.set("Digits", "1235");
    expect(isSigned("12345", request, example)).toBe(false);
    example.set("Digits", "1234");
    expect(isSigned("12346", request, example)).toBe(false);
  });

  test("odd fields verify: empty ones, spaces and +, letters of all kinds", async () => {
    const more = {
      CallerName: "",
      Caller: "+353 86 123 4567",
      FromCity: "Dún Laoghaire – 日本 👋",
      Empty: "",
      "Odd name": "a=b&c=d%20e+f\r\n",
    };
    expect(await sent(more)).toBe(200);
  });

  test("whatever the fields are, what Twilio signs verifies and a change of any does not", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }),
          fc.string({ unit: "grapheme", maxLength: 20 }),
          { noNullPrototype: true, maxKeys: 8 },
        ),
        async (more) => {
          const all = { ...more, ...fields };
          const request = signedRequest(path, all);
          const changed = new Request(request.url, {
            method: "POST",
            headers: request.headers,
            body: new URLSearchParams({ ...all, To: "+353861234568" }),
          });
          expect(await statusOf(request)).toBe(200);
          expect(await statusOf(changed)).toBe(403);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("a field that comes several times verifies", async () => {
    const body = new URLSearchParams({ ...fields });
    for (const value of ["b", "a", "b"]) body.append("Option", value);
    const signature = getExpectedTwilioSignature(authToken, publicUrl + path, {
      ...fields,
      Option: ["b", "a", "b"],
    });
    const request = new Request(`http://localhost:3000${path}`, {
      method: "POST",
      headers: { "X-Twilio-Signature": signature },
      body,
    });
    expect(await statusOf(request)).toBe(200);
  });

  test("behind a proxy that changes scheme and host, the public address counts and no header does", async () => {
    const forged: Record<string, string>[] = [
      { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http" },
      { "X-Forwarded-For": "203.0.113.9", Forwarded: "host=evil.example" },
    ];
    for (const headers of forged) {
      expect(await sent({}, { headers })).toBe(200);
    }
    const headers = {
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "https",
    };
    const address = `https://evil.example${path}`;
    expect(await sent({}, { headers, address })).toBe(403);
  });

  test.each([
    ["the port written out", `https://numbers.example.com:443${path}`, 200],
    ["http", `http://numbers.example.com${path}`, 403],
    ["another port", `https://numbers.example.com:8443${path}`, 403],
    ["another path", `${publicUrl}/twilio/voice`, 403],
    ["a query that was not sent", `${publicUrl}${path}?a=1`, 403],
  ])("signed for %s: %#", async (_name, address, status) => {
    expect(await sent({}, { address })).toBe(status);
  });

  test("the query is signed too", async () => {
    const request = signedRequest(`${path}?again=1`, fields);
    expect(await statusOf(request)).toBe(200);
    const changed = new Request(request.url.replace("again=1", "again=2"), {
      method: "POST",
      headers: request.headers,
      body: new URLSearchParams(fields),
    });
    expect(await statusOf(changed)).toBe(403);
  });

  test.each([
    ["no signature", { headers: { "X-Twilio-Signature": "" } }],
    ["nonsense", { headers: { "X-Twilio-Signature": "x".repeat(28) } }],
    ["another token's", { token: "another" }],
    ["an empty token's", { token: "" }],
  ])("%s is refused with 403, and nothing is told", async (_name, signing) => {
    const request = signedRequest(path, fields, signing);
    const response = await action({ request, params: {}, context: {} });
    expect(response.status).toBe(403);
    expect(await response.text()).toBe("Forbidden\n");
  });
});

describe("fields whose form the signature does not guarantee", () => {
  test.each([
    ["a value that has moved into the name", { CallSid: "", [`CallSid${callSid}`]: "" }],
    ["a call SID that is too short", { CallSid: callSid.slice(1) }],
    ["a call SID with more behind it", { CallSid: `${callSid}\n` }],
    ["no account", { AccountSid: "" }],
    ["another account", { AccountSid: `AC${"6".repeat(32)}` }],
  ])("%s is refused", async (_name, more) => {
    expect(await sent(more)).toBe(403);
  });

  test("any account will do if none is configured", async () => {
    useEnvironment({ TWILIO_ACCOUNT_SID: "" });
    expect(await sent({ AccountSid: `AC${"6".repeat(32)}` })).toBe(200);
  });
});

describe("before the signature", () => {
  test("without a token every request is refused with 503, and the log says why, once", async () => {
    useEnvironment({ TWILIO_AUTH_TOKEN: "" });
    const said = vi.spyOn(log, "error");
    for (const token of [authToken, "", "x"]) {
      expect(await sent({}, { token })).toBe(503);
    }
    expect(said.mock.calls).toEqual([[expect.stringContaining("TWILIO_AUTH_TOKEN is not set")]]);
  });

  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE"])("%s is refused with 405", async (method) => {
    const request = new Request(publicUrl + path, { method });
    const response =
      method === "GET" || method === "HEAD"
        ? loader()
        : await action({ request, params: {}, context: {} });
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe("POST");
  });

  test("a browser on another site is refused, even with a signature", async () => {
    const foreign: Record<string, string>[] = [
      { "Sec-Fetch-Site": "cross-site" },
      { Origin: "https://evil.example" },
    ];
    for (const headers of foreign) {
      expect(await sent({}, { headers })).toBe(403);
    }
  });

  test("up to 64 KiB are read, and no more", async () => {
    const room = 64 * 1024 - new URLSearchParams({ ...fields, x: "" }).toString().length;
    expect(await sent({ x: "a".repeat(room) })).toBe(200);
    expect(await sent({ x: "a".repeat(room + 1) })).toBe(413);
  });
});

test("the time of an event is Twilio's, unless it is far from now", async () => {
  const times: (Date | undefined)[] = [];
  const timed = twilioRoute(async ({ event }) => {
    times.push(event.at);
    return noted();
  }, noted);
  const now = Date.now();
  const minuteAgo = new Date(Math.floor(now / 1000) * 1000 - 60_000);
  for (const Timestamp of [
    minuteAgo.toUTCString().replace("GMT", "+0000"),
    minuteAgo.toISOString(),
    "Thu, 01 Jan 1970 00:00:00 +0000",
    "soon",
  ]) {
    const request = signedRequest(path, { ...fields, Timestamp });
    await timed.action({ request, params: {}, context: {} });
  }
  expect(times.slice(0, 2)).toEqual([minuteAgo, minuteAgo]);
  for (const at of times.slice(2)) {
    expect(Math.abs(Number(at) - now)).toBeLessThan(10_000);
  }
});

test("an error thrown by the handler is logged and answered", async () => {
  const logged = vi.spyOn(log, "error");
  const broken = twilioRoute(
    () => Promise.reject(new Error("broken")),
    () => new Response("sorry"),
  );
  const request = signedRequest(path, fields);
  const response = await broken.action({ request, params: {}, context: {} });
  expect(await response.text()).toBe("sorry");
  expect(logged).toHaveBeenCalledOnce();
});

test("work that is not done in time is logged as the database's fault, not the program's", async () => {
  const [warned, failed] = [vi.spyOn(log, "warn"), vi.spyOn(log, "error")];
  const { action: late } = twilioRoute(async () => {
    throw new DeadlineError("not done within 1 ms");
  }, noted);
  const request = signedRequest(path, fields);
  expect((await late({ request, params: {}, context: {} })).status).toBe(200);
  expect(warned).toHaveBeenCalledWith(expect.anything(), "the database is not available");
  expect(failed).not.toHaveBeenCalled();
});

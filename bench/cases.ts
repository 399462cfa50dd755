import type { Request } from "autocannon";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { newCallSid } from "../tests/support/calls.ts";

/** What requests to one server need. */
export interface Site {
  url: string;
  /** `Cookie` headers */
  settled: string;
  choosing: string;
  calledNumber: string;
}

/** One kind of request. Each answer must be a 2xx that has `answer` in it. */
export interface Case {
  name: string;
  /** requests a round */
  amount: number;
  /** whether the peer can do it too; it has no pages */
  peer: boolean;
  answer: string;
  request: (site: Site) => Request;
}

export const twilio = {
  TWILIO_ACCOUNT_SID: `AC${"5".repeat(32)}`,
  TWILIO_AUTH_TOKEN: "a-token-that-only-the-bench-knows",
};

export const cases: readonly Case[] = [
  {
    name: "healthz",
    amount: 3_000,
    peer: true,
    answer: `"ok"`,
    request: () => ({ path: "/healthz" }),
  },
  {
    name: "current",
    amount: 2_000,
    peer: true,
    answer: `"has_phone":true`,
    request: ({ settled }) => ({
      path: "/api/phone-numbers/current",
      headers: { Cookie: settled },
    }),
  },
  {
    name: "available?limit=100",
    amount: 1_000,
    peer: true,
    answer: `"next_cursor":"`,
    request: ({ settled }) => ({
      path: "/api/phone-numbers/available?limit=100",
      headers: { Cookie: settled },
    }),
  },
  {
    name: "signed call",
    amount: 1_500,
    peer: true,
    answer: "</Dial></Response>",
    request: ({ url, calledNumber }) => ({
      method: "POST",
      path: "/twilio/voice",
      setupRequest: (request) => ({
        ...request,
        ...signed(`${url}/twilio/voice`, {
          AccountSid: twilio.TWILIO_ACCOUNT_SID,
          CallSid: newCallSid(),
          From: "+353871112222",
          To: calledNumber,
          // Already over, since a company may have only ten calls at once.
          CallStatus: "completed",
        }),
      }),
    }),
  },
  {
    name: "log-in page",
    amount: 800,
    peer: false,
    answer: `name="password"`,
    request: () => ({ path: "/login" }),
  },
  {
    name: "dashboard",
    amount: 500,
    peer: false,
    answer: "+353 87 111 2222",
    request: ({ settled }) => ({
      path: "/dashboard",
      headers: { Cookie: settled },
    }),
  },
  {
    name: "dashboard without a number",
    amount: 500,
    peer: false,
    answer: "Configure Phone",
    request: ({ choosing }) => ({
      path: "/dashboard",
      headers: { Cookie: choosing },
    }),
  },
  {
    name: "picker",
    amount: 500,
    peer: false,
    answer: `name="phone_number"`,
    request: ({ choosing }) => ({
      path: "/dashboard/choose-number",
      headers: { Cookie: choosing },
    }),
  },
  {
    // The same number of rows in each checkout, whatever the most it shows.
    name: "picker, eight numbers",
    amount: 500,
    peer: false,
    answer: `name="phone_number"`,
    request: ({ choosing }) => ({
      path: "/dashboard/choose-number?search=86000000",
      headers: { Cookie: choosing },
    }),
  },
  {
    name: "picker compressed",
    amount: 200,
    peer: false,
    // The body is compressed; the status shows that it is the page.
    answer: "",
    request: ({ choosing }) => ({
      path: "/dashboard/choose-number",
      headers: { Cookie: choosing, "Accept-Encoding": "gzip, deflate, br" },
    }),
  },
];

function signed(address: string, fields: Record<string, string>) {
  const signature = getExpectedTwilioSignature(twilio.TWILIO_AUTH_TOKEN, address, fields);
  return {
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      "X-Twilio-Signature": signature,
    },
    body: new URLSearchParams(fields).toString(),
  };
}

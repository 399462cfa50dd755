import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { CallHandling } from "#app/domain/call-handling.server.ts";
import {
  cannotConnect,
  connectCall,
  hangUp,
  messageTaken,
  nobodyAnswered,
  notInService,
  oneMoment,
  refuseCall,
  twiml,
} from "#app/twilio/twiml.server.ts";
import {
  outline,
  parseTwiml,
  publicUrl,
  useEnvironment,
  useTwilio,
  verbsFrom,
} from "../support/twilio-webhooks.ts";

const parties = { from: "+353871112222", to: "+353861234567" };

const handling: CallHandling = {
  greeting: "Hello.",
  mode: "message",
  target: null,
  ringSeconds: 25,
  takeMessage: true,
};

beforeEach(() => useTwilio("sqlite::memory:"));

const connect = (fields: Partial<CallHandling>, from = parties.from) =>
  parseTwiml(connectCall({ ...parties, from }, { ...handling, ...fields }).toString());

describe("connecting a call", () => {
  test("a phone is rung after the greeting, for as long as was said", () => {
    expect(connect({ mode: "phone", target: "+353863334444" })).toEqual([
      { name: "Say", text: "Hello.", attributes: {}, children: [] },
      {
        name: "Dial",
        text: "",
        attributes: {
          action: `${publicUrl}/twilio/voice/dial-result`,
          timeout: "25",
          timeLimit: "14400",
        },
        children: [
          {
            name: "Number",
            text: "+353863334444",
            attributes: {},
            children: [],
          },
        ],
      },
    ]);
  });

  test.each([
    "+266696687",
    "+7378742833",
    "+2562533",
    "+8656696",
    "+86282452253",
    "anonymous",
    "Restricted",
    "",
    " ",
    "+",
    "sip:ann@example.com",
    "sip:+353871112222@x.ie",
    "client:ann",
    "+266696687x",
    "353871112222",
    "+353",
    "+999123456789012",
    "+00353871112222",
  ])("a caller %j cannot be called back, so the company's own number is shown", (caller) => {
    for (const target of ["+353863334444", "sip:a@example.com"]) {
      const mode = target.startsWith("sip:") ? "sip" : "phone";
      const [, dial] = connect({ mode, target }, caller);
      expect(dial?.attributes["callerId"]).toBe(parties.to);
    }
  });

  test.each(["+353871112222", "+12025550123", "+447700900123"])(
    "a caller %s is shown as who calls",
    (caller) => {
      const [, dial] = connect({ mode: "phone", target: "+353863334444" }, caller);
      expect(dial?.attributes).not.toHaveProperty("callerId");
    },
  );

  test.each(["sip:a@example.com;transport=tls", "sip:k@example.com?x-h=1&x-desk=front%20door"])(
    "the SIP address %s is rung",
    (target) => {
      const [, dial] = connect({ mode: "sip", target });
      expect(dial?.children).toMatchObject([{ name: "Sip", text: target }]);
    },
  );

  test("a call that is passed on ends after CALL_LIMIT_MINUTES", () => {
    useEnvironment({ CALL_LIMIT_MINUTES: "5" });
    for (const [mode, target] of [
      ["phone", "+353863334444"],
      ["sip", "sip:a@example.com"],
    ] as const) {
      expect(connect({ mode, target })[1]?.attributes["timeLimit"]).toBe("300");
    }
  });

  test("a media stream is told who calls whom", () => {
    const [, connected] = connect({
      mode: "stream",
      target: "wss://agent.example.com/calls",
    });
    expect(connected).toMatchObject({
      name: "Connect",
      attributes: { action: `${publicUrl}/twilio/voice/dial-result` },
      children: [
        {
          name: "Stream",
          attributes: {
            url: "wss://agent.example.com/calls",
            statusCallback: `${publicUrl}/twilio/voice/status?to=%2B353861234567`,
          },
          children: [
            { attributes: { name: "from", value: parties.from } },
            { attributes: { name: "to", value: parties.to } },
          ],
        },
      ],
    });
  });

  test("a message is asked for, and silence is answered", () => {
    const verbs = connect({});
    expect(outline(verbs)).toEqual([
      "Say Hello.",
      "Say Please leave a message after the tone.",
      "Record",
      "Say We did not hear a message. Goodbye.",
      "Hangup",
    ]);
    expect(verbs[2]?.attributes).toEqual({
      action: `${publicUrl}/twilio/voice/recording`,
      maxLength: "180",
      finishOnKey: "#",
      recordingStatusCallback: `${publicUrl}/twilio/voice/recording?to=%2B353861234567`,
      recordingStatusCallbackEvent: "completed absent",
    });
  });

  test("an empty greeting is not said", () => {
    const [first] = connect({ greeting: "", mode: "phone", target: "+3531" });
    expect(first?.name).toBe("Dial");
  });

  test.each([
    `Smith & Sons <"Quality" & 'Care'>`,
    "]]> <!-- &amp; &#0;",
    "Bláthanna Teo – 日本 👋",
  ])("callers hear %s as it is written", (greeting) => {
    expect(outline(connect({ greeting }))[0]).toBe(`Say ${greeting}`);
  });

  test("whatever text comes along, the answer is XML that Twilio takes", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1 }),
        fc.string({ unit: "binary" }),
        fc.constantFrom("phone", "sip", "stream", "message"),
        (text, from, mode) => {
          const target = mode === "message" ? null : text;
          const verbs = connect({ greeting: `x${text}`, mode, target }, from);
          expect(verbs.length).toBeGreaterThan(1);
        },
      ),
    );
  });
});

describe("when there is nobody to connect to", () => {
  test.each([
    ["not in service", notInService(), ["Say This number is not in service.", "Hangup"]],
    [
      "our fault",
      cannotConnect(),
      ["Say We can't connect your call right now. Please try again shortly.", "Hangup"],
    ],
    [
      "nobody answered, and no message",
      nobodyAnswered(false, parties.to),
      ["Say Nobody can take your call right now. Goodbye.", "Hangup"],
    ],
    ["a message was left", messageTaken(), ["Say Thank you. Goodbye.", "Hangup"]],
    ["too many calls", refuseCall("busy"), ["Reject"]],
    ["over", hangUp(), ["Hangup"]],
  ])("%s", (_name, response, lines) => {
    expect(outline(parseTwiml(response.toString()))).toEqual(lines);
  });

  test("nobody answered, and a message", async () => {
    const [say, record] = parseTwiml(nobodyAnswered(true, parties.to).toString());
    expect(say?.text).toBe(
      "Nobody can take your call right now. Please leave a message after the tone.",
    );
    expect(record?.name).toBe("Record");
  });

  test("one moment: the caller hears a word, and Twilio asks once more", async () => {
    const verbs = await verbsFrom(twiml(oneMoment()));
    expect(outline(verbs)).toEqual([
      "Say One moment, please.",
      "Pause",
      `Redirect ${publicUrl}/twilio/voice?again=1`,
    ]);
  });
});

import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { CallHandling } from "#app/domain/call-handling.server.ts";
import { spokenLanguages, type SpokenLanguage } from "#app/domain/spoken-language.ts";
import {
  cannotConnect,
  closedForNow,
  connectCall,
  hangUp,
  messageTaken,
  nobodyAnswered,
  notAccepted,
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
  language: "en-IE",
};

/** How an Irish company speaks. */
const voice = { language: "en-IE", voice: "Polly.Niamh-Neural" };

beforeEach(() => useTwilio("sqlite::memory:"));

const connect = (fields: Partial<CallHandling>, from = parties.from) =>
  parseTwiml(connectCall({ ...parties, from }, { ...handling, ...fields }).toString());

describe("connecting a call", () => {
  test("a phone is rung after the greeting, for as long as was said", () => {
    expect(connect({ mode: "phone", target: "+353863334444" })).toEqual([
      { name: "Say", text: "Hello.", attributes: voice, children: [] },
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
    "a caller %s is shown as the caller ID",
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
      action: `${publicUrl}/twilio/voice/recording?language=en-IE`,
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

  test("whatever the text, the answer is XML that Twilio accepts", () => {
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
    ["not in service", notInService("en-IE"), ["Say This number is not in service.", "Hangup"]],
    [
      "our fault",
      cannotConnect("en-IE"),
      ["Say We can't connect your call right now. Please try again shortly.", "Hangup"],
    ],
    [
      "nobody answered, and no message",
      nobodyAnswered(false, parties.to, "en-IE"),
      ["Say Nobody can take your call right now. Goodbye.", "Hangup"],
    ],
    ["a message was left", messageTaken("en-IE"), ["Say Thank you. Goodbye.", "Hangup"]],
    ["too many calls", refuseCall("busy"), ["Reject"]],
    ["over", hangUp(), ["Hangup"]],
  ])("%s", (_name, response, lines) => {
    expect(outline(parseTwiml(response.toString()))).toEqual(lines);
  });

  test("nobody answered, and a message", async () => {
    const [say, record] = parseTwiml(nobodyAnswered(true, parties.to, "en-IE").toString());
    expect(say?.text).toBe(
      "Nobody can take your call right now. Please leave a message after the tone.",
    );
    expect(record?.name).toBe("Record");
  });

  test("one moment: the caller is asked to wait, and Twilio asks once more", async () => {
    const verbs = await verbsFrom(twiml(oneMoment("en-IE")));
    expect(outline(verbs)).toEqual([
      "Say One moment, please.",
      "Pause",
      `Redirect ${publicUrl}/twilio/voice?again=1`,
    ]);
  });
});

describe.each(spokenLanguages)("a company that speaks %s", (language) => {
  // Twilio's documentation, "Text-to-Speech": a voice of another language may fail the whole <Say>.
  const voiceOf: Record<SpokenLanguage, string> = {
    "de-DE": "Polly.Vicki",
    "en-GB": "Polly.Amy",
    "en-IE": "Polly.Niamh-Neural",
    "en-US": "Polly.Joanna",
    "es-ES": "Polly.Lucia",
    "fr-FR": "Polly.Lea",
    "it-IT": "Polly.Bianca",
    "nl-NL": "Polly.Lotte",
    "pl-PL": "Polly.Ewa",
    "pt-PT": "Polly.Ines",
  };

  const allAnswers = (spoken: SpokenLanguage) =>
    [
      ...(["phone", "sip", "stream", "message"] as const).map((mode) => {
        const target = mode === "message" ? null : "x";
        return connectCall(parties, { ...handling, greeting: "", mode, target, language: spoken });
      }),
      nobodyAnswered(true, parties.to, spoken),
      nobodyAnswered(false, parties.to, spoken),
      messageTaken(spoken),
      notInService(spoken),
      closedForNow(spoken),
      notAccepted("caller", spoken),
      notAccepted("withheld", spoken),
      cannotConnect(spoken),
      oneMoment(spoken),
    ].flatMap((response) => parseTwiml(response.toString()));
  const said = (spoken: SpokenLanguage) => allAnswers(spoken).filter(({ name }) => name === "Say");

  test("uses no other language or voice for our sentences, which mean the same", () => {
    const sentences = said(language);
    expect(sentences).toHaveLength(12);
    for (const { attributes } of sentences) {
      expect(attributes).toEqual({ language, voice: voiceOf[language] });
    }
    const english = said("en-GB").map(({ text }) => text);
    for (const [index, { text }] of sentences.entries()) {
      expect(text).toMatch(/^\p{Lu}.*\.$/u);
      expect(text === english[index]).toBe(language.startsWith("en"));
    }
  });

  test("keeps to it when the caller is thanked for a message", () => {
    for (const { attributes } of allAnswers(language).filter(({ name }) => name === "Record")) {
      expect(attributes["action"]).toBe(`${publicUrl}/twilio/voice/recording?language=${language}`);
    }
  });
});

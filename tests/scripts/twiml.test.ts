import { describe, expect, test } from "vitest";
import { layOut, readTwiml, tell } from "../../scripts/terminal/twiml.ts";

describe("reading TwiML", () => {
  test("verbs, nouns, attributes and text are parsed and unescaped", () => {
    expect(
      readTwiml(
        `<?xml version="1.0" encoding="UTF-8"?><Response><Say>A &amp; &lt;B&gt; &#x41;</Say><Dial timeout="5" action="/a?b=1&amp;c=2>3"><Sip>sip:a@b</Sip></Dial></Response>`,
      ),
    ).toEqual([
      { name: "Say", text: "A & <B> A", attributes: {}, children: [] },
      {
        name: "Dial",
        text: "",
        attributes: { timeout: "5", action: "/a?b=1&c=2>3" },
        children: [{ name: "Sip", text: "sip:a@b", attributes: {}, children: [] }],
      },
    ]);
  });

  test.each([
    " <Response/>",
    "",
    "<Response>",
    "<Response><Say>Hello</Response></Say>",
    "<Response><Say x=1/></Response>",
    "<html></html>",
    "Internal error",
  ])("%j is none", (xml) => {
    expect(() => readTwiml(xml)).toThrow(SyntaxError);
  });
});

test("each verb has a line of its own", () => {
  expect(layOut("<?xml?><Response><Dial><Number>+1</Number></Dial><Hangup/></Response>"))
    .toBe(`<?xml?>
<Response>
  <Dial>
    <Number>+1</Number>
  </Dial>
  <Hangup/>
</Response>`);
});

test.each([
  ["<Response/>", "Noted."],
  ["<Response><Hangup/></Response>", "The call ends."],
  ['<Response><Reject reason="busy"/></Response>', "The caller hears a busy line."],
  ['<Response><Reject reason="rejected"/></Response>', "The call is refused."],
  [
    '<Response><Say>One moment.</Say><Pause length="2"/><Redirect>/x</Redirect></Response>',
    "The caller hears “One moment.”, then waits 2 seconds, then is put through again.",
  ],
  [
    '<Response><Record maxLength="9"/><Say>Nothing</Say><Hangup/></Response>',
    "The caller may leave a message of 9 seconds at most.",
  ],
  [
    '<Response><Dial timeout="9"><Sip>sip:a@b</Sip></Dial></Response>',
    "The caller is connected to sip:a@b, which rings for 9 seconds at most.",
  ],
])("%s means: %s", (xml, sentence) => {
  expect(tell(readTwiml(xml))).toBe(sentence);
});

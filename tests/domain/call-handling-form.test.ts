import { expect, test } from "vitest";
import { callHandlingFields } from "#app/domain/call-handling-form.server.ts";
import { checkFields } from "#app/http/fields.ts";

const form = {
  greeting: "Hello, this is Acme.",
  mode: "phone",
  phone: "+353 87 111 2222",
  sip_address: "",
  stream_url: "",
  ring_seconds: "25",
  take_message: "on",
};

const checked = (fields: Record<string, unknown>) =>
  checkFields(callHandlingFields, { ...form, ...fields });

test("a phone to ring is kept in E.164", () => {
  expect(checked({})).toEqual({
    ok: true,
    values: {
      greeting: "Hello, this is Acme.",
      mode: "phone",
      target: "+353871112222",
      ringSeconds: 25,
      takeMessage: true,
    },
  });
});

test("a checkbox that is not ticked is not sent", () => {
  const result = checked({ take_message: undefined });
  expect(result).toMatchObject({ values: { takeMessage: false } });
});

test("a language is on the list, or missing", () => {
  expect(checked({ language: "fr-FR" })).toMatchObject({ values: { language: "fr-FR" } });
  expect(checked({})).toMatchObject({ values: { language: undefined } });
});

test.each([
  ["sip", { sip_address: " sip:reception@pbx.example.com:5061;transport=tls " }],
  ["sip", { sip_address: "sips:+35312345678@[2001:db8::1]" }],
  ["sip", { sip_address: "sip:k@example.com?x-h=1" }],
  ["sip", { sip_address: "sip:k@example.com:5060;transport=tcp?x-h=1&X-Queue=a%20b" }],
  [
    "sip",
    { sip_address: "sip:k@example.com:5060;transport=tcp?x-h=1&x-desk=front%20door&x-none=" },
  ],
  ["stream", { stream_url: "wss://agent.example.com:8443/calls" }],
  ["message", {}],
])("%s %o is taken", (mode, fields) => {
  const [target = null] = Object.values(fields).map((text) => text.trim());
  expect(checked({ mode, ...fields })).toMatchObject({
    ok: true,
    values: { mode, target },
  });
});

test("joiners in a greeting are kept, and invisible marks around pasted text are dropped", () => {
  const greeting = "Team 👩\u200D💻,\nمی\u200Cخواهم";
  expect(checked({ greeting: `\u200F${greeting}\u200B` })).toMatchObject({
    values: { greeting },
  });
  expect(checked({ mode: "sip", sip_address: "\u202Asip:k@example.com\u202C" })).toMatchObject({
    values: { target: "sip:k@example.com" },
  });
  expect(checked({ phone: "tel:\u2068+353-87\u2212111 2222\u2069" })).toMatchObject({
    values: { target: "+353871112222" },
  });
});

test("only the target of the chosen mode counts", () => {
  const result = checked({ mode: "message", phone: "x", stream_url: "y" });
  expect(result).toMatchObject({ ok: true, values: { target: null } });
});

test.each<[Record<string, unknown>, string, string]>([
  [{ mode: undefined }, "mode", "Choose what happens to a call."],
  [{ mode: "fax" }, "mode", "Choose what happens to a call."],
  [
    { phone: "087 111 2222" },
    "phone",
    "Enter a phone number with its country code, like +353 86 123 4567.",
  ],
  [{ phone: "" }, "phone", "Enter a phone number with its country code, like +353 86 123 4567."],
  ...[
    "",
    "reception@example.com",
    "sip:example.com",
    "sip:a b@example.com",
    "sip:a@b@c.example",
    "sip:<x>@example.com",
    "sip:k@example.com?",
    "sip:k@example.com?x-h",
    "sip:k@example.com?x-h=1&",
    "sip:k@example.com?x-h=<1>",
    "sip:k@example.com?x-h=1\u0000",
  ].map(
    (sip_address) =>
      [
        { mode: "sip", sip_address },
        "sip_address",
        "Enter a SIP address, like sip:reception@example.com.",
      ] satisfies [object, string, string],
  ),
  ...[
    "",
    "ws://agent.example.com",
    "https://agent.example.com",
    "wss://me:secret@agent.example.com",
    "wss://agent.example.com/#x",
    "wss:",
  ].map(
    (stream_url) =>
      [
        { mode: "stream", stream_url },
        "stream_url",
        "Enter an address like wss://agent.example.com/calls.",
      ] satisfies [object, string, string],
  ),
  [
    { mode: "stream", stream_url: "wss://agent.example.com/?key=1" },
    "stream_url",
    "Leave out the ? and what follows it.",
  ],
  ...["", "4", "61", "-5", "5.5", "ten", "1e1"].map(
    (ring_seconds) =>
      [
        { ring_seconds },
        "ring_seconds",
        "Enter how many seconds to ring, from 5 to 60.",
      ] satisfies [object, string, string],
  ),
  [{ greeting: "x".repeat(501) }, "greeting", "Use 500 characters or fewer."],
  [{ greeting: "Hello\u0000" }, "greeting", "Remove the invisible characters."],
  ...["", "fr", "FR-FR", "tlh-KL"].map(
    (language) =>
      [{ language }, "language", "Choose a language from the list."] satisfies [
        object,
        string,
        string,
      ],
  ),
  [{ greeting: undefined }, "greeting", "Enter a greeting."],
])("%o is refused at %s: %s", (fields, field, error) => {
  expect(checked(fields)).toEqual({ ok: false, errors: { [field]: error } });
});

test.each(["", "x".repeat(500), "Hello,\r\nthis is Acme.", "Fáilte 👋"])(
  "the greeting %j is taken",
  (greeting) => {
    expect(checked({ greeting })).toMatchObject({
      values: { greeting: greeting.replace("\r\n", "\n") },
    });
  },
);

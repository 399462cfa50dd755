import { z } from "zod";
import { targetFields } from "#app/domain/call-handling-form.server.ts";
import { callModes, type CallHandling } from "#app/domain/call-handling.server.ts";
import { spokenLanguages } from "#app/domain/spoken-language.ts";
import type { FieldErrors } from "#app/http/fields.ts";
import { answerOf, namedSchemas, operation } from "#app/http/api/operation.server.ts";

/** What happens when somebody calls. */

const settings = {
  greeting: z.string().meta({ description: "What callers hear first; may be empty" }),
  mode: z.enum(callModes).meta({
    description: "Ring a phone, ring a SIP address, stream to a voice agent, or take a message",
  }),
  target: z.string().nullable().meta({
    description:
      "The phone in E.164, `sip:…` or `wss://…`, according to the mode; null for `message`",
  }),
  ring_seconds: z.int().meta({ description: "5 to 60, before the call counts as unanswered" }),
  take_message: z.boolean().meta({ description: "Whether to take a message when unanswered" }),
  language: z.enum(spokenLanguages).meta({
    description: "The language of the greeting, in which callers are spoken to; a BCP 47 tag",
  }),
};

const handling = z.object(settings).register(namedSchemas, { id: "CallHandling" });

export function callHandlingJson(shown: CallHandling): z.input<typeof handling> {
  const { greeting, mode, target, ringSeconds, takeMessage, language } = shown;
  return { greeting, mode, target, ring_seconds: ringSeconds, take_message: takeMessage, language };
}

const body = z.object({
  greeting: z.string({ error: "Enter a greeting" }).meta(settings.greeting.meta()!),
  mode: z
    .enum(callModes, { error: `mode must be one of ${callModes.join(", ")}` })
    .meta(settings.mode.meta()!),
  target: z
    .string({ error: "target must be text, or null for message" })
    .nullish()
    .meta(settings.target.meta()!),
  ring_seconds: z
    .int({ error: "ring_seconds must be a whole number from 5 to 60" })
    .meta(settings.ring_seconds.meta()!),
  take_message: z
    .boolean({ error: "take_message must be true or false" })
    .meta(settings.take_message.meta()!),
  language: z
    .enum(spokenLanguages, { error: `language must be one of ${spokenLanguages.join(", ")}` })
    .optional()
    .meta({
      description: `${settings.language.meta()!.description}. Without it, it stays as it is`,
    }),
});

/** The same settings as the form's fields. */
export function formFieldsOf(sent: z.output<typeof body>): Record<string, string> {
  return {
    greeting: sent.greeting,
    mode: sent.mode,
    ...(sent.mode !== "message" && { [targetFields[sent.mode]]: sent.target ?? "" }),
    ring_seconds: String(sent.ring_seconds),
    ...(sent.take_message && { take_message: "on" }),
    ...(sent.language && { language: sent.language }),
  };
}

/** The errors of the form's fields, under the API's names for those fields. */
export function asApiErrors(errors: FieldErrors): FieldErrors {
  const targets: string[] = Object.values(targetFields);
  return Object.fromEntries(
    Object.entries(errors).map(([field, error]) => [
      targets.includes(field) ? "target" : field,
      error,
    ]),
  );
}

const example = {
  greeting: "Thank you for calling Acme.",
  mode: "phone" as const,
  target: "+442079460001",
  ring_seconds: 20,
  take_message: true,
  language: "en-GB" as const,
};

export const getCallHandlingOperation = operation({
  id: "getCallHandling",
  method: "GET",
  path: "/api/call-handling",
  tag: "Call handling",
  summary: "What happens to a call",
  who: "settings:write",
  answer: { status: 200, schema: answerOf({ call_handling: handling }) },
  example: { answer: { call_handling: example } },
});

export const putCallHandlingOperation = operation({
  id: "putCallHandling",
  method: "PUT",
  path: "/api/call-handling",
  tag: "Call handling",
  summary: "Say what happens to a call",
  description: "Everything except the language must be sent, and replaces the previous settings.",
  who: "settings:write",
  body,
  answer: { status: 200, schema: answerOf({ call_handling: handling }) },
  example: { body: example, answer: { call_handling: example } },
});

import { z } from "zod";
import { callerPatterns } from "#app/domain/call-filter.server.ts";
import { isWithheld } from "#app/domain/callers.ts";
import { callOutcomes, type Call } from "#app/domain/calls.server.ts";
import {
  answerOf,
  cursor,
  namedSchemas,
  operation,
  time,
  wholeNumber,
} from "#app/http/api/operation.server.ts";

/** The call log. */

const outcomes = callOutcomes.filter((outcome) => outcome !== "unmatched");
const outcome = z
  .enum(outcomes, { error: `outcome must be one of ${outcomes.join(", ")}` })
  .meta({ description: "What became of the call" });

const call = z
  .object({
    call_sid: z.string().meta({ description: "Twilio's name for the call" }),
    from: z.string().nullable().meta({ description: "Who called; null if withheld" }),
    to: z.string().meta({ description: "The company's number" }),
    outcome,
    reason: z.string().meta({ description: "The outcome as a sentence" }),
    started_at: time,
    answered_at: time.nullable(),
    ended_at: time
      .nullable()
      .meta({ description: "null while the call is going on, or if unknown" }),
    seconds: z.int().nullable().meta({ description: "From beginning to end, once it has ended" }),
    message: z
      .object({ seconds: z.int().nullable() })
      .nullable()
      .meta({ description: "The message that the caller left; also null once deleted" }),
  })
  .register(namedSchemas, { id: "Call" });

/** A call as the JSON API shows it. */
export function callJson(shown: Call): z.input<typeof call> {
  const { outcome } = shown;
  return {
    call_sid: shown.callSid,
    from: isWithheld(shown.from) ? null : shown.from,
    to: shown.to,
    // A company never sees a call that belongs to nobody.
    outcome: outcome === "unmatched" ? "failed" : outcome,
    reason: shown.reason,
    started_at: shown.startedAt,
    answered_at: shown.answeredAt,
    ended_at: shown.endedAt,
    seconds: shown.seconds,
    message:
      outcome === "message" && shown.message !== "deleted"
        ? { seconds: shown.recordingSeconds }
        : null,
  };
}

const example = {
  call_sid: `CA${"0123456789abcdef".repeat(2)}`,
  from: "+353871112222",
  to: "+441614960123",
  outcome: "message" as const,
  reason: "Nobody answered; the caller left a message.",
  started_at: "2026-11-22T10:00:00Z",
  answered_at: null,
  ended_at: "2026-11-22T10:00:47Z",
  seconds: 47,
  message: { seconds: 12 },
};

// Calls begin on whole seconds: after a fraction of one, the first to count is the next.
const moment = (name: string) =>
  z.iso
    .datetime({ offset: true, error: `${name} must be a time like 2026-11-22T10:00:00Z` })
    .transform((text) => new Date(Math.ceil(Date.parse(text) / 1000) * 1000))
    .optional();

export const listCallsOperation = operation({
  id: "listCalls",
  method: "GET",
  path: "/api/calls",
  tag: "Calls",
  summary: "List the calls",
  description:
    "The newest first. Pages by cursor neither repeat a call nor hide one. With `search` a page may be short or empty without being the last: the last has no `next_cursor`.",
  who: "calls:read",
  query: z.object({
    limit: wholeNumber("limit", 1, 1000)
      .default(100)
      .meta({ description: "Calls per page; by default 100" }),
    cursor,
    outcome: outcome.optional(),
    search: z
      .string()
      .max(40, { error: "search must have 40 characters at most" })
      .refine((text) => callerPatterns(text).length > 0, { error: "search must have digits" })
      .optional()
      .meta({ description: "Digits anywhere in the caller's number" }),
    since: moment("since").meta({ description: "Calls that began then or later" }),
    until: moment("until").meta({ description: "Calls that began before then" }),
  }),
  answer: {
    status: 200,
    schema: answerOf({
      calls: z.array(call),
      next_cursor: z.string().nullable().meta({ description: "null on the last page" }),
    }),
  },
  example: {
    query: { limit: "10", outcome: "message", since: "2026-11-01T00:00:00Z" },
    answer: { calls: [example], next_cursor: null },
  },
});

export const callOperation = operation({
  id: "getCall",
  method: "GET",
  path: "/api/calls/{call_sid}",
  tag: "Calls",
  summary: "One call",
  who: "calls:read",
  params: z.object({ call_sid: z.string().regex(/^CA[0-9a-fA-F]{32}$/) }),
  answer: { status: 200, schema: answerOf({ call }) },
  errors: ["not_found"],
  example: { params: { call_sid: example.call_sid }, answer: { call: example } },
});

export const messageOperation = operation({
  id: "getMessage",
  method: "GET",
  path: "/api/calls/{call_sid}/message",
  tag: "Calls",
  summary: "The message that a caller left, as sound",
  description:
    "Takes a `Range` of bytes. A message that is not ready yet, or gone, is `not_found`. Fetching it does not mark it as heard.",
  who: "calls:read",
  params: callOperation.params!,
  answer: { status: 200, schema: answerOf({}), sound: true },
  errors: ["not_found"],
  example: { params: { call_sid: example.call_sid }, answer: {} },
});

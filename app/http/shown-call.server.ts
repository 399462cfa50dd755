import { isWithheld, mayBeCallerId } from "#app/domain/callers.ts";
import type { Call, CallOutcome } from "#app/domain/calls.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import type { MessageState } from "#app/domain/messages.server.ts";
import { shownClock, shownDay, shownMoment, shownTime } from "#app/http/shown-time.server.ts";

/** A call as pages show it. Made on the server: the numbering plans are too much for a browser. */
export interface ShownCall {
  callSid: string;
  /** `+353 87 111 2222`, “Number withheld”, or whatever else the network says */
  caller: string;
  /** `tel:+353871112222`; null for a caller who cannot be called back */
  callBack: string | null;
  /** RFC 3339, UTC */
  startedAt: string;
  /** `Today 10:00`, in the company's zone */
  when: string;
  /** `Today`, `Yesterday`, `22 November`, in the company's zone */
  day: string;
  /** `10:00` */
  time: string;
  /** the same in full: `22 Nov 2026, 10:00 GMT` */
  whenInFull: string;
  kind: ShownOutcome;
  /** `Answered`; `Message, 12 s` */
  outcome: string;
  /** why; null if the outcome already says so */
  reason: string | null;
  /** `1 min 5 s`; null while it goes on, and if nobody reported its end */
  length: string | null;
  /** the message to play; null if there is none */
  message: ShownMessage | null;
  /** whether the call was refused because the company has blocked the caller */
  blocked: boolean;
  /** whether the caller can be blocked: the number is known and not blocked yet */
  blockable: boolean;
}

/** A message that a page plays. */
export interface ShownMessage {
  /** the address of its sound; null once deleted */
  address: string | null;
  /** `12 s` */
  length: string | null;
  state: MessageState;
  /** whether it has been deleted here but not yet at Twilio */
  waits: boolean;
}

/** An outcome that a company's call may have. */
export type ShownOutcome = Exclude<CallOutcome, "unmatched">;

/** The outcomes that a company sees; the others are for the operator. */
export const outcomeLabels = {
  answered: "Answered",
  message: "Message",
  missed: "Missed",
  busy: "Busy",
  failed: "Failed",
  blocked: "Blocked",
  "in-progress": "In progress",
  unknown: "Unknown",
} as const satisfies Record<ShownOutcome, string>;

/** The outcome that an address asks for; undefined, which means all, for an unknown one. */
export function askedOutcome(text: string | null): ShownOutcome | undefined {
  return text !== null && Object.hasOwn(outcomeLabels, text) ? (text as ShownOutcome) : undefined;
}

/** @param timeZone the company's */
export function shownCall(call: Call, timeZone: string): ShownCall {
  // A call that belongs to nobody is on no page.
  const kind = call.outcome === "unmatched" ? "failed" : call.outcome;
  return {
    callSid: call.callSid,
    caller: shownCaller(call.from),
    callBack: mayBeCallerId(call.from) ? `tel:${call.from}` : null,
    startedAt: call.startedAt,
    when: shownMoment(call.startedAt, timeZone),
    day: shownDay(call.startedAt, timeZone),
    time: shownClock(call.startedAt, timeZone),
    whenInFull: shownTime(call.startedAt, timeZone).shown,
    kind,
    outcome: shownOutcome(kind, call.recordingSeconds),
    reason: repeated.has(call.reason) ? null : call.reason,
    length: call.seconds === null ? null : shownSeconds(call.seconds),
    message: shownMessage(call),
    blocked: call.outcome === "blocked",
    blockable: !isWithheld(call.from) && !call.callerBlocked,
  };
}

function shownMessage({
  callSid,
  message,
  recordingUrl,
  recordingSeconds,
  deletionWaits,
}: Call): ShownMessage | null {
  return (
    message && {
      address: recordingUrl === null ? null : `/calls/${callSid}/message`,
      length: recordingSeconds === null ? null : shownSeconds(recordingSeconds),
      state: message,
      waits: deletionWaits,
    }
  );
}

/** @param from E.164, or whatever else the network says about a caller */
export function shownCaller(from: string): string {
  if (isWithheld(from)) return "Number withheld";
  if (/^\+\d+$/.test(from)) return formatPhoneNumber(from);
  // A caller over SIP may use any name.
  const text = from.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function shownOutcome(kind: ShownOutcome, messageSeconds: number | null): string {
  const label = outcomeLabels[kind];
  return kind === "message" && messageSeconds !== null
    ? `${label}, ${shownSeconds(messageSeconds)}`
    : label;
}

// What the outcome's label already says.
const repeated = new Set([
  "Somebody answered.",
  "The voice agent answered.",
  "The caller left a message.",
  "Nobody answered, and the caller left a message.",
  "Nobody answered.",
  "The line was busy.",
  "You had blocked the caller.",
  "The call is going on.",
]);

/** `65` → `1 min 5 s` */
export function shownSeconds(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0);
  return shown.length === 0 ? "0 s" : shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

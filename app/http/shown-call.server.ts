import { isWithheld } from "#app/domain/callers.ts";
import type { Call, CallOutcome } from "#app/domain/calls.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import type { MessageState } from "#app/domain/messages.server.ts";
import { shownMoment, shownTime } from "#app/http/shown-time.server.ts";

/** A call as pages show it. Made on the server: the numbering plans are too much for a browser. */
export interface ShownCall {
  callSid: string;
  /** `+353 87 111 2222`, “Number withheld”, or what else the network says */
  caller: string;
  /** RFC 3339, UTC */
  startedAt: string;
  /** `Today 10:00`, in the company's zone */
  when: string;
  /** the same in full: `22 Nov 2026, 10:00 GMT` */
  whenInFull: string;
  /** `Answered`; `Message, 12 s` */
  outcome: string;
  reason: string;
  /** `1 min 5 s`; null while it goes on */
  length: string | null;
  /** what its caller left, to be played; null where there is nothing */
  message: ShownMessage | null;
  /** whether the call was not taken, since the company wants none of that caller */
  blocked: boolean;
  /** whether the caller can be blocked: one whose number is known, and who is not blocked yet */
  blockable: boolean;
}

/** A message that a page plays. */
export interface ShownMessage {
  /** the address of its sound; null once it was deleted */
  address: string | null;
  /** `12 s` */
  length: string | null;
  state: MessageState;
}

/** What a company sees of the outcomes of its calls; the others are the operator's. */
export const outcomeLabels = {
  answered: "Answered",
  message: "Message",
  missed: "Missed",
  busy: "Busy",
  failed: "Failed",
  blocked: "Blocked",
  "in-progress": "In progress",
} as const satisfies Record<Exclude<CallOutcome, "unmatched">, string>;

/** The outcome that an address asks for; undefined, which is all of them, for one that there is not. */
export function askedOutcome(text: string | null): keyof typeof outcomeLabels | undefined {
  return text !== null && Object.hasOwn(outcomeLabels, text)
    ? (text as keyof typeof outcomeLabels)
    : undefined;
}

/** @param timeZone the company's */
export function shownCall(call: Call, timeZone: string): ShownCall {
  return {
    callSid: call.callSid,
    caller: shownCaller(call.from),
    startedAt: call.startedAt,
    when: shownMoment(call.startedAt, timeZone),
    whenInFull: shownTime(call.startedAt, timeZone).shown,
    outcome: shownOutcome(call),
    reason: call.reason,
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
}: Call): ShownMessage | null {
  return (
    message && {
      address: recordingUrl === null ? null : `/calls/${callSid}/message`,
      length: recordingSeconds === null ? null : shownSeconds(recordingSeconds),
      state: message,
    }
  );
}

/** @param from E.164, or what else the network says of a caller */
export function shownCaller(from: string): string {
  if (isWithheld(from)) return "Number withheld";
  if (/^\+\d+$/.test(from)) return formatPhoneNumber(from);
  // Whoever calls over SIP may call himself anything.
  const text = from.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function shownOutcome({ outcome, recordingSeconds }: Call): string {
  const label = outcome === "unmatched" ? "" : outcomeLabels[outcome];
  return outcome === "message" && recordingSeconds !== null
    ? `${label}, ${shownSeconds(recordingSeconds)}`
    : label;
}

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

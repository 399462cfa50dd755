import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { CallOutcome, DialResult } from "#app/domain/calls.server.ts";
import { isWithheld } from "#app/domain/callers.ts";
import { environment } from "#app/env.server.ts";
import { fromDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/** What the log knows of how a call went, as the database has it. */
export interface CallFacts {
  outcome: CallOutcome;
  /**
   * what the caller was connected to, also "nobody" if the call was refused; null until the voice
   * webhook has said
   */
  route: CallMode | "nobody" | null;
  twilio_status: string;
  dial_result: DialResult | null;
  from_number: string | null;
  started_at: DatabaseTime;
}

/**
 * The database's outcome, but `unknown` for a call that must be over and whose end was never
 * reported.
 * @param now milliseconds
 */
export function outcomeOf(
  { outcome, started_at }: Pick<CallFacts, "outcome" | "started_at">,
  now = Date.now(),
): CallOutcome {
  if (outcome !== "in-progress") return outcome;
  return fromDatabaseTime(started_at).getTime() >= unknownBefore(now).getTime()
    ? outcome
    : "unknown";
}

/**
 * For a call that began before this and has no end, the end was never reported: Twilio limits how
 * long a call may last.
 */
export function unknownBefore(now = Date.now()): Date {
  return new Date(now - (environment().CALL_LIMIT_MINUTES + 10) * 60_000);
}

/** A call's outcome as a sentence: why, and what happened. */
export function reasonOf(call: CallFacts): string {
  const rung =
    call.route === "stream"
      ? "The voice agent"
      : call.route === "sip"
        ? "The SIP address"
        : "The phone";
  switch (outcomeOf(call)) {
    case "answered":
      return call.route === "stream" ? "The voice agent answered." : "Somebody answered.";
    case "message":
      return call.dial_result === "busy"
        ? "The line was busy, and the caller left a message."
        : call.dial_result === "failed"
          ? `${rung} could not be reached, and the caller left a message.`
          : call.dial_result === null
            ? "The caller left a message."
            : "Nobody answered, and the caller left a message.";
    case "busy":
      return call.route === "nobody" ? "Too many calls were going on." : "The line was busy.";
    case "failed":
      if (call.route === "nobody") return "A call that was passed on came back, and was ended.";
      return call.dial_result === "failed"
        ? `${rung} could not be reached.`
        : call.twilio_status === "failed"
          ? "The telephone network could not connect the call."
          : "Our service could not connect the call.";
    case "missed":
      if (call.route === "nobody")
        return "The account was closed for now, and the caller was told.";
      return call.dial_result === "no-answer"
        ? "Nobody answered."
        : call.route === "message" && call.twilio_status === "completed"
          ? "The caller left no message."
          : "The caller hung up before anybody answered.";
    case "blocked":
      return isWithheld(call.from_number ?? "")
        ? "You take no calls from withheld numbers."
        : "You had blocked the caller.";
    case "unmatched":
      return "The number belonged to no company.";
    case "in-progress":
      return "The call is going on.";
    case "unknown":
      return "How the call ended was never reported.";
  }
}

import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { CallOutcome, DialResult } from "#app/domain/calls.server.ts";
import { fromDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/** What the log knows of how a call went, as the database has it. */
export interface CallFacts {
  outcome: CallOutcome;
  /** what the caller was connected to, nobody where the call was refused too; null until the voice webhook has said */
  route: CallMode | "nobody" | null;
  twilio_status: string;
  dial_result: DialResult | null;
  started_at: DatabaseTime;
}

// Twilio ends every call within a day.
const longestCall = 24 * 60 * 60 * 1000;

/** A call's outcome as a sentence: why, and what happened. */
export function reasonOf(call: CallFacts): string {
  const rung =
    call.route === "stream"
      ? "The voice agent"
      : call.route === "sip"
        ? "The SIP address"
        : "The phone";
  switch (call.outcome) {
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
    case "unmatched":
      return "The number belonged to no company.";
    case "in-progress":
      return Date.now() - fromDatabaseTime(call.started_at).getTime() > longestCall
        ? "How the call ended was never reported."
        : "The call is going on.";
  }
}

import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { mayBeCallerId } from "#app/domain/callers.ts";
import type { CallHandling } from "#app/domain/call-handling.server.ts";
import { environment } from "#app/env.server.ts";
import { plainText } from "#app/http/answers.server.ts";
import { wholeResponse } from "#app/server/whole-response.server.ts";

/** What callers hear: answers in TwiML, Twilio's XML. Addresses in them are absolute, from `PUBLIC_URL`. */

/** Who calls whom; anything but E.164 is nobody that could be called back. */
interface Parties {
  from: string;
  to: string;
}

const longestMessage = 180;

/** An answer to Twilio; it refuses any other type (error 12300). */
export function twiml(response: VoiceResponse): Response {
  return wholeResponse(response.toString(), 200, {
    "Content-Type": "text/xml; charset=utf-8",
    "Cache-Control": "no-store",
  });
}

/** The answer to a callback, which nobody hears. */
export function noted(): Response {
  return twiml(new VoiceResponse());
}

/** The answer to a callback that could not be written down; Twilio may send it again. */
export function notNoted(): Response {
  return plainText(503, "Try again", { "Retry-After": "2" });
}

/** Greets the caller and connects the call as the company wants it. */
export function connectCall(
  { from, to }: Parties,
  { greeting, mode, target, ringSeconds }: CallHandling,
): VoiceResponse {
  const response = new VoiceResponse();
  if (greeting !== "") say(response, greeting);
  switch (mode) {
    case "message":
      recordMessage(response, to, "Please leave a message after the tone.");
      break;
    case "stream": {
      const stream = response.connect({ action: address("dial-result") }).stream({
        url: legal(target ?? ""),
        statusCallback: address("status", to),
      });
      // A media stream is not told who calls whom.
      stream.parameter({ name: "from", value: legal(from) });
      stream.parameter({ name: "to", value: legal(to) });
      break;
    }
    case "phone":
    case "sip": {
      const dial = response.dial({
        action: address("dial-result"),
        timeout: ringSeconds,
        timeLimit: environment().CALL_LIMIT_MINUTES * 60,
        // Where it is not said, Twilio passes on who calls.
        ...(mayBeCallerId(from) ? {} : { callerId: to }),
      });
      if (mode === "phone") dial.number(legal(target ?? ""));
      else dial.sip(legal(target ?? ""));
    }
  }
  return response;
}

/** Nobody picked up at `to`: a message, if the company takes them. */
export function nobodyAnswered(takeMessage: boolean, to: string): VoiceResponse {
  const response = new VoiceResponse();
  if (takeMessage) {
    recordMessage(
      response,
      to,
      "Nobody can take your call right now. Please leave a message after the tone.",
    );
  } else {
    say(response, "Nobody can take your call right now. Goodbye.");
    response.hangup();
  }
  return response;
}

/** The company has the message. */
export function messageTaken(): VoiceResponse {
  return lastWords("Thank you. Goodbye.");
}

/** The number is nobody's. */
export function notInService(): VoiceResponse {
  return lastWords("This number is not in service.");
}

/** The company's account is frozen. */
export function closedForNow(): VoiceResponse {
  return lastWords("This number can't take calls at the moment. Goodbye.");
}

/** We are at fault, and have no better answer. */
export function cannotConnect(): VoiceResponse {
  return lastWords("We can't connect your call right now. Please try again shortly.");
}

/** We are at fault, and ask to be asked again: a database that restarts is back in seconds. */
export function oneMoment(): VoiceResponse {
  const response = new VoiceResponse();
  say(response, "One moment, please.");
  response.pause({ length: 2 });
  response.redirect({ method: "POST" }, `${environment().PUBLIC_URL}/twilio/voice?again=1`);
  return response;
}

/** The call is not taken, and costs nothing: the caller hears a busy line, or that it cannot be connected. */
export function refuseCall(reason: "busy" | "rejected"): VoiceResponse {
  const response = new VoiceResponse();
  response.reject({ reason });
  return response;
}

/** The call is over. */
export function hangUp(): VoiceResponse {
  const response = new VoiceResponse();
  response.hangup();
  return response;
}

function lastWords(text: string): VoiceResponse {
  const response = new VoiceResponse();
  say(response, text);
  response.hangup();
  return response;
}

function recordMessage(response: VoiceResponse, to: string, invitation: string): void {
  say(response, invitation);
  response.record({
    action: address("recording"),
    maxLength: longestMessage,
    finishOnKey: "#",
    recordingStatusCallback: address("recording", to),
    recordingStatusCallbackEvent: ["completed", "absent"],
  });
  // Twilio goes on here only where nothing was said.
  say(response, "We did not hear a message. Goodbye.");
  response.hangup();
}

function say(response: VoiceResponse, text: string): void {
  response.say(legal(text));
}

// What XML 1.0 has no way to write makes the XML library throw.
function legal(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "");
}

/** @param to what was called, for the callbacks that do not say it themselves */
function address(callback: "dial-result" | "recording" | "status", to?: string): string {
  const query = to === undefined ? "" : `?${new URLSearchParams({ to }).toString()}`;
  return `${environment().PUBLIC_URL}/twilio/voice/${callback}${query}`;
}

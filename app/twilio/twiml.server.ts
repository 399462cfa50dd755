import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { mayBeCallerId } from "#app/domain/callers.ts";
import type { CallHandling } from "#app/domain/call-handling.server.ts";
import type { SpokenLanguage } from "#app/domain/spoken-language.ts";
import { sentencesIn } from "#app/domain/spoken-sentences.ts";
import { environment } from "#app/env.server.ts";
import { plainText } from "#app/http/answers.server.ts";
import { wholeResponse } from "#app/server/whole-response.server.ts";

/**
 * What callers hear: answers in TwiML, Twilio's XML. Addresses in them are absolute, from
 * `PUBLIC_URL`.
 */

/** Who calls whom; anything but E.164 cannot be called back. */
interface Parties {
  from: string;
  to: string;
}

const longestMessage = 180;

/**
 * The voices: Amazon's cheapest; Ireland has only one. Source: Twilio's documentation,
 * "Text-to-Speech".
 */
const voices = {
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
} as const satisfies Record<SpokenLanguage, string>;

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

/** The answer to a callback that could not be recorded; Twilio may send it again. */
export function notNoted(): Response {
  return plainText(503, "Try again", { "Retry-After": "2" });
}

/** Greets the caller and connects the call as the company wants it. */
export function connectCall(
  { from, to }: Parties,
  { greeting, mode, target, ringSeconds, language }: CallHandling,
): VoiceResponse {
  const response = new VoiceResponse();
  if (greeting !== "") say(response, language, greeting);
  switch (mode) {
    case "message":
      recordMessage(response, to, language, sentencesIn(language).leaveMessage);
      break;
    case "stream": {
      const stream = response.connect({ action: address("dial-result") }).stream({
        url: legal(target ?? ""),
        statusCallback: address("status", { to }),
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
        // By default Twilio passes on the caller's number.
        ...(mayBeCallerId(from) ? {} : { callerId: to }),
      });
      if (mode === "phone") dial.number(legal(target ?? ""));
      else dial.sip(legal(target ?? ""));
    }
  }
  return response;
}

/** Nobody picked up at `to`: a message, if the company takes them. */
export function nobodyAnswered(
  takeMessage: boolean,
  to: string,
  language: SpokenLanguage,
): VoiceResponse {
  const { nobodyThere, nobodyThereLeaveMessage } = sentencesIn(language);
  if (!takeMessage) return lastWords(language, nobodyThere);
  const response = new VoiceResponse();
  recordMessage(response, to, language, nobodyThereLeaveMessage);
  return response;
}

/** The company has the message. */
export function messageTaken(language: SpokenLanguage): VoiceResponse {
  return lastWords(language, sentencesIn(language).thanks);
}

/** The number belongs to nobody. */
export function notInService(language: SpokenLanguage): VoiceResponse {
  return lastWords(language, sentencesIn(language).notInService);
}

/** The company's account is frozen. */
export function closedForNow(language: SpokenLanguage): VoiceResponse {
  return lastWords(language, sentencesIn(language).closedForNow);
}

/** The company has blocked the caller, or takes no calls from withheld numbers. */
export function notAccepted(why: "caller" | "withheld", language: SpokenLanguage): VoiceResponse {
  const { callerNotAccepted, withheldNotAccepted } = sentencesIn(language);
  return lastWords(language, why === "caller" ? callerNotAccepted : withheldNotAccepted);
}

/** We are at fault, and have no better answer. */
export function cannotConnect(language: SpokenLanguage): VoiceResponse {
  return lastWords(language, sentencesIn(language).cannotConnect);
}

/** We are at fault, and ask Twilio to try again: a database that restarts is back in seconds. */
export function oneMoment(language: SpokenLanguage): VoiceResponse {
  const response = new VoiceResponse();
  say(response, language, sentencesIn(language).oneMoment);
  response.pause({ length: 2 });
  response.redirect({ method: "POST" }, `${environment().PUBLIC_URL}/twilio/voice?again=1`);
  return response;
}

/**
 * The call is not taken, and costs nothing: the caller hears a busy line, or that it cannot be
 * connected.
 */
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

function lastWords(language: SpokenLanguage, text: string): VoiceResponse {
  const response = new VoiceResponse();
  say(response, language, text);
  response.hangup();
  return response;
}

function recordMessage(
  response: VoiceResponse,
  to: string,
  language: SpokenLanguage,
  invitation: string,
): void {
  say(response, language, invitation);
  response.record({
    // The caller is thanked without a query.
    action: address("recording", { language }),
    maxLength: longestMessage,
    finishOnKey: "#",
    recordingStatusCallback: address("recording", { to }),
    recordingStatusCallbackEvent: ["completed", "absent"],
  });
  // Twilio continues here only if nothing was said.
  say(response, language, sentencesIn(language).nothingHeard);
  response.hangup();
}

function say(response: VoiceResponse, language: SpokenLanguage, text: string): void {
  response.say({ language, voice: voices[language] }, legal(text));
}

// Characters that XML 1.0 cannot represent make the XML library throw.
function legal(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "");
}

/**
 * @param query what the callback needs to know and does not say itself; it is signed as a part of
 * the address
 */
function address(
  callback: "dial-result" | "recording" | "status",
  query: { to?: string; language?: SpokenLanguage } = {},
): string {
  const search = new URLSearchParams(query).toString();
  return `${environment().PUBLIC_URL}/twilio/voice/${callback}${search && `?${search}`}`;
}

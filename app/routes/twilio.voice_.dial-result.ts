import { database, reading } from "#app/db.server.ts";
import { isAnswered, recordDialResult, recordStreamEnd } from "#app/domain/call-events.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import type { DialResult } from "#app/domain/calls.server.ts";
import { languageOfNumber } from "#app/domain/spoken-language.ts";
import { twilioRoute, wholeSeconds } from "#app/twilio/webhook.server.ts";
import { cannotConnect, hangUp, nobodyAnswered, twiml } from "#app/twilio/twiml.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

// Twilio's documentation, "TwiML Voice: <Dial>", DialCallStatus.
const results = new Map<string, DialResult>([
  ["completed", "answered"],
  ["answered", "answered"],
  ["busy", "busy"],
  ["no-answer", "no-answer"],
  ["canceled", "canceled"],
]);

const route = twilioRoute(
  async ({ context, event, field, inTime, logFault }) => {
    const { to = "" } = event;
    const dialStatus = field("DialCallStatus");
    // The end of a media stream brings no status; its own callbacks have reported whether it began.
    const result =
      dialStatus !== undefined
        ? (results.get(dialStatus) ?? "failed")
        : (await inTime(isAnswered(reading(), event.callSid)))
          ? "answered"
          : "failed";
    const over = result === "answered" || result === "canceled";
    const called = over ? undefined : await inTime(findCalledCompany(reading(), to));
    if (called) exchangeOf(context).companyId = called.companyId;
    const noted =
      dialStatus === undefined && over
        ? recordStreamEnd(database(), event)
        : recordDialResult(database(), event, result, wholeSeconds(field("DialCallDuration")));
    await inTime(noted).catch(logFault);
    if (over) return twiml(hangUp());
    const { takeMessage = false, language = languageOfNumber(to) } = called?.handling ?? {};
    return twiml(nobodyAnswered(takeMessage, to, language));
  },
  ({ event }) => twiml(cannotConnect(languageOfNumber(event.to ?? null))),
);
export const loader = route.loader;
export const action = route.action;

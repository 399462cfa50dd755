import { database } from "#app/db.server.ts";
import { recordCallStatus, recordDialResult } from "#app/domain/call-events.server.ts";
import { twilioRoute, wholeSeconds, type TwilioRequest } from "#app/twilio/webhook.server.ts";
import { noted, notNoted } from "#app/twilio/twiml.server.ts";

const route = twilioRoute(async (twilio) => {
  await twilio.inTime(note(twilio));
  return noted();
}, notNoted);
export const loader = route.loader;
export const action = route.action;

async function note({ event, field }: TwilioRequest): Promise<void> {
  switch (field("StreamEvent")) {
    case "stream-started":
      return recordDialResult(database(), event, "answered");
    case "stream-error":
      return recordDialResult(database(), event, "failed");
    case undefined: {
      // The leg that rings a phone is a call of its own, but not one that came to a number.
      if (field("ParentCallSid")) return;
      const seconds = wholeSeconds(field("CallDuration"));
      return recordCallStatus(database(), event, seconds);
    }
  }
}

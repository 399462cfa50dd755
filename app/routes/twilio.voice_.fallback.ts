import { twilioRoute } from "#app/twilio/webhook.server.ts";
import { cannotConnect, twiml } from "#app/twilio/twiml.server.ts";
import { countCall } from "#app/log/metrics.server.ts";
import { log } from "#app/log/log.server.ts";

const apology = () => twiml(cannotConnect());

// Twilio comes here when /twilio/voice has failed, so this needs nothing that may be broken.
const route = twilioRoute(async ({ event, field }) => {
  countCall("fallback");
  log.error(
    {
      callSid: event.callSid,
      errorCode: field("ErrorCode"),
      errorUrl: field("ErrorUrl"),
    },
    "a call was not connected: Twilio used the fallback",
  );
  return apology();
}, apology);
export const loader = route.loader;
export const action = route.action;

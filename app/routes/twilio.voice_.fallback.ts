import { twilioRoute } from "#app/http/twilio-request.server.ts";
import { cannotConnect, twiml } from "#app/http/twilio-twiml.server.ts";
import { countCall } from "#app/http/metrics.server.ts";
import { log } from "#app/http/log.server.ts";

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

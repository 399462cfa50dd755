import { languageOfNumber } from "#app/domain/spoken-language.ts";
import { twilioRoute, type TwilioRequest } from "#app/twilio/webhook.server.ts";
import { cannotConnect, twiml } from "#app/twilio/twiml.server.ts";
import { countCall } from "#app/log/metrics.server.ts";
import { log } from "#app/log/log.server.ts";

const apology = ({ event }: TwilioRequest) =>
  twiml(cannotConnect(languageOfNumber(event.to ?? null)));

// Twilio comes here when /twilio/voice has failed, so this depends on nothing that may be broken.
const route = twilioRoute(async (twilio) => {
  const { event, field } = twilio;
  countCall("fallback");
  log.error(
    {
      callSid: event.callSid,
      errorCode: field("ErrorCode"),
      errorUrl: field("ErrorUrl"),
    },
    "a call was not connected: Twilio used the fallback",
  );
  return apology(twilio);
}, apology);
export const loader = route.loader;
export const action = route.action;

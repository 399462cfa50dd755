import { database } from "#app/db.server.ts";
import { recordRecording } from "#app/domain/call-events.server.ts";
import { asSpokenLanguage, languageOfNumber } from "#app/domain/spoken-language.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import { twilioRoute, wholeSeconds, type TwilioRequest } from "#app/twilio/webhook.server.ts";
import { messageTaken, noted, notNoted, twiml } from "#app/twilio/twiml.server.ts";

// Two requests come here: <Record>'s action, with the caller on the line, and later the news that
// the recording is ready.
const route = twilioRoute(
  async (twilio) => {
    const kept = twilio.inTime(keep(twilio));
    if (isCallback(twilio)) {
      await kept;
      return noted();
    }
    await kept.catch(twilio.logFault);
    return thanks(twilio);
  },
  (twilio) => (isCallback(twilio) ? notNoted() : thanks(twilio)),
);
export const loader = route.loader;
export const action = route.action;

function thanks({ query, event }: TwilioRequest): Response {
  const spoken = asSpokenLanguage(query.get("language"));
  return twiml(messageTaken(spoken ?? languageOfNumber(event.to ?? null)));
}

function isCallback({ field }: TwilioRequest): boolean {
  return field("RecordingStatus") !== undefined;
}

async function keep({ event, field }: TwilioRequest): Promise<void> {
  const status = field("RecordingStatus") ?? "completed";
  if (status === "absent" || status === "failed") {
    return recordRecording(database(), event, "absent");
  }
  const ours = environment().TWILIO_ACCOUNT_SID ?? field("AccountSid");
  const { account, sid } = addressOf.exec(field("RecordingUrl") ?? "")?.groups ?? {};
  if (sid === undefined || account !== ours) {
    log.warn(
      { callSid: event.callSid },
      "a recording was not kept: its address is not Twilio's, or of another account",
    );
    return;
  }
  const seconds = wholeSeconds(field("RecordingDuration")) ?? 0;
  await recordRecording(database(), event, { sid, seconds });
}

/** Twilio's own address of a recording, in any of its regions. */
const addressOf =
  /^https:\/\/api(\.[a-z0-9-]+){0,2}\.twilio\.com\/2010-04-01\/Accounts\/(?<account>AC[0-9a-fA-F]{32})\/Recordings\/(?<sid>RE[0-9a-fA-F]{32})$/;

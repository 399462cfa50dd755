import { database } from "#app/db.server.ts";
import { recordRecording } from "#app/domain/call-events.server.ts";
import { log } from "#app/log/log.server.ts";
import { twilioRoute, wholeSeconds, type TwilioRequest } from "#app/twilio/webhook.server.ts";
import { messageTaken, noted, notNoted, twiml } from "#app/twilio/twiml.server.ts";

// Two come here: <Record> itself, where the caller is on the line, and later the word that the recording is ready.
const route = twilioRoute(
  async (twilio) => {
    const kept = twilio.inTime(keep(twilio));
    if (isCallback(twilio)) {
      await kept;
      return noted();
    }
    await kept.catch(twilio.logFault);
    return twiml(messageTaken());
  },
  (twilio) => (isCallback(twilio) ? notNoted() : twiml(messageTaken())),
);
export const loader = route.loader;
export const action = route.action;

function isCallback({ field }: TwilioRequest): boolean {
  return field("RecordingStatus") !== undefined;
}

async function keep({ event, field }: TwilioRequest): Promise<void> {
  const status = field("RecordingStatus") ?? "completed";
  if (status === "absent" || status === "failed") {
    return recordRecording(database(), event, "absent");
  }
  const url = field("RecordingUrl") ?? "";
  if (!isRecording(url)) {
    log.warn({ callSid: event.callSid }, "a recording was not kept: its address is not Twilio's");
    return;
  }
  const seconds = wholeSeconds(field("RecordingDuration")) ?? 0;
  await recordRecording(database(), event, { url, seconds });
}

/** Twilio's own address of a recording, in any of its regions. */
function isRecording(url: string): boolean {
  return /^https:\/\/api(\.[a-z0-9-]+){0,2}\.twilio\.com\/2010-04-01\/Accounts\/AC[0-9a-fA-F]{32}\/Recordings\/RE[0-9a-fA-F]{32}$/.test(
    url,
  );
}

import { environment } from "#app/env.server.ts";

/** Twilio's address of a recording, `RE…`; null if the environment names no account. */
// Twilio's documentation, "Recordings resource".
export function recordingAddress(sid: string): string | null {
  const { TWILIO_ACCOUNT_SID, TWILIO_API_BASE_URL = "https://api.twilio.com" } = environment();
  if (!TWILIO_ACCOUNT_SID) return null;
  const path = `/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/Recordings/${sid}`;
  return new URL(path, TWILIO_API_BASE_URL).href;
}

import { environment } from "#app/env.server.ts";

/** Recordings at Twilio. Source: Twilio's documentation, "Recordings resource". */

/** What came of {@link deleteRecording}; `why` is the end of a sentence that begins with "Twilio", without a secret. */
export type RecordingDeletion =
  | { outcome: "deleted" }
  /** about this recording alone */
  | { outcome: "refused"; why: string }
  /** every other would fare no better now */
  | { outcome: "unavailable"; why: string };

/** Milliseconds. */
const longestWait = 15_000;

/** Whether the environment names the account that recordings are in. */
export function hasRecordingsAccount(): boolean {
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = environment();
  return TWILIO_ACCOUNT_SID !== undefined && TWILIO_AUTH_TOKEN !== undefined;
}

/** Deletes a recording, or finds that Twilio has it no more. Never throws. */
export async function deleteRecording(
  recordingSid: string,
  signal: AbortSignal,
): Promise<RecordingDeletion> {
  const {
    TWILIO_ACCOUNT_SID = "",
    TWILIO_AUTH_TOKEN = "",
    TWILIO_API_BASE_URL = "https://api.twilio.com",
  } = environment();
  const path = `/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/Recordings/${recordingSid}.json`;
  const credentials = Buffer.from(`${TWILIO_ACCOUNT_SID}:${TWILIO_AUTH_TOKEN}`).toString("base64");
  let status: number;
  try {
    const answer = await fetch(new URL(path, TWILIO_API_BASE_URL), {
      method: "DELETE",
      headers: { Authorization: `Basic ${credentials}` },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestWait)]),
    });
    ({ status } = answer);
    await answer.body?.cancel();
  } catch {
    return { outcome: "unavailable", why: "cannot be reached" };
  }
  if (status === 204 || status === 200 || status === 404) return { outcome: "deleted" };
  if (status === 401) {
    return { outcome: "unavailable", why: "refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN" };
  }
  const why = `answered HTTP ${status}`;
  return { outcome: status === 429 || status >= 500 ? "unavailable" : "refused", why };
}

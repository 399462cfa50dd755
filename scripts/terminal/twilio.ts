import type { Environment } from "../../app/env.server.ts";
import type { TwilioAccount } from "../../app/twilio/account.server.ts";
import { warn } from "./command.ts";

/**
 * Opens the account that the environment names; undefined if it names none. Says on stderr if a
 * server other than Twilio's is asked, and if a call will be retried after a noticeable wait.
 */
export async function openAccount(env: Environment): Promise<TwilioAccount | undefined> {
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_BASE_URL } = env;
  if (!TWILIO_ACCOUNT_SID || !TWILIO_AUTH_TOKEN) return undefined;
  if (TWILIO_API_BASE_URL) {
    warn(`Asking ${TWILIO_API_BASE_URL} instead of Twilio.`);
  }
  // Twilio's client is big, and most of what scripts do does not need it.
  const { openTwilioAccount } = await import("../../app/twilio/account.server.ts");
  let saidUntil = 0;
  return openTwilioAccount({
    accountSid: TWILIO_ACCOUNT_SID,
    authToken: TWILIO_AUTH_TOKEN,
    apiBaseUrl: TWILIO_API_BASE_URL,
    onWait(milliseconds, reason) {
      // Several calls wait at the same time, for the same reason.
      if (milliseconds < 1_000 || Date.now() < saidUntil) return;
      saidUntil = Date.now() + milliseconds;
      warn(`${reason}. Trying again in ${Math.ceil(milliseconds / 1_000)} s.`);
    },
  });
}

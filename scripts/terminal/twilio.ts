import type { Environment } from "../../app/env.server.ts";
import type { TwilioAccount } from "../../app/twilio/account.server.ts";
import { paint } from "./command.ts";
import { folded } from "./output.ts";

/**
 * Opens the account that the environment names, or undefined if it names none. Says on stderr when another server
 * than Twilio's is asked, and when a call is to be tried again after a wait that somebody would notice.
 */
export async function openAccount(env: Environment): Promise<TwilioAccount | undefined> {
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_BASE_URL } = env;
  if (!TWILIO_ACCOUNT_SID || !TWILIO_AUTH_TOKEN) return undefined;
  if (TWILIO_API_BASE_URL) {
    warn(`Asking ${TWILIO_API_BASE_URL} instead of Twilio.`);
  }
  // Twilio's client is big, and most of what a script does needs none of it.
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

/** Prints a warning on stderr, in the place of a progress bar if there is one. */
export function warn(message: string): void {
  const clearLine = process.stderr.isTTY ? "\r\x1b[K" : "";
  process.stderr.write(
    `${clearLine}${paint("yellow", "Warning:")} ${folded(message, process.stderr)}\n`,
  );
}

import {
  assignedNumbers,
  goneNumbers,
  noteGone,
  tellIdle,
} from "#app/domain/gone-numbers.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import type { TwilioNumber } from "#app/twilio/account.server.ts";
import { ownedNumbers } from "#app/twilio/owned-numbers.server.ts";
import {
  isReachableByTwilio,
  numberTroubles,
  type NumberTrouble,
} from "#app/twilio/voice-settings.server.ts";
import type { Job } from "#app/work/work.server.ts";

/**
 * Checks a few times a day whether the Twilio account still owns every company's number. A missing one raises the
 * operator's alarm, and its company is told the truth. The log also names those whose calls do not come here.
 */
export const numbersWatch: Job = {
  name: "numbers-watch",
  everySeconds: 6 * 60 * 60,
  async isWanted(db) {
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = environment();
    return Boolean(
      TWILIO_ACCOUNT_SID && TWILIO_AUTH_TOKEN && (await assignedNumbers(db)).length > 0,
    );
  },
  async run(db) {
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_API_BASE_URL } = environment();
    if (!TWILIO_ACCOUNT_SID || !TWILIO_AUTH_TOKEN) return;
    // Twilio's client is big, and needed only a few times a day.
    const { openTwilioAccount } = await import("#app/twilio/account.server.ts");
    const account = openTwilioAccount({
      accountSid: TWILIO_ACCOUNT_SID,
      authToken: TWILIO_AUTH_TOKEN,
      apiBaseUrl: TWILIO_API_BASE_URL,
    });
    const wanted = (await assignedNumbers(db)).map(({ phoneNumber }) => phoneNumber);
    const found = await ownedNumbers(account, wanted);
    if (!found.ok) {
      log.warn(`companies' numbers could not be looked for at Twilio: ${found.reason}`);
      return;
    }
    if (found.ownsNone) {
      log.error(
        "none of the companies' numbers is in the Twilio account: check TWILIO_ACCOUNT_SID, and run “npm run doctor”",
      );
      return;
    }
    await noteGone(db, [...found.gone]);
    logTroubles(wanted.flatMap((number) => found.owned.get(number) ?? []));
    if (sendsMail()) await tellIdle(db, environment().IDLE_DAYS);
    for (const { phoneNumber, companyId, since } of await goneNumbers(db)) {
      log.error(
        { phoneNumber, companyId, since },
        "a company's number is gone from the Twilio account, and its calls do not come: get it back (buy it again, or ask Twilio's support), then “npm run sync”",
      );
    }
  },
};

/** Names the owned numbers whose calls do not come here, or may soon cease to. */
function logTroubles(numbers: readonly TwilioNumber[]): void {
  const { PUBLIC_URL } = environment();
  // No number points to a developer's machine, and that is no cause for alarm.
  const publicUrl = isReachableByTwilio(PUBLIC_URL) ? PUBLIC_URL : undefined;
  const troubled = new Map<NumberTrouble["kind"], string[]>();
  for (const number of numbers) {
    for (const { kind } of numberTroubles(number, publicUrl)) {
      troubled.set(kind, [...(troubled.get(kind) ?? []), number.phoneNumber]);
    }
  }
  for (const [trouble, phoneNumbers] of troubled) {
    // There may be a great many.
    const some = { trouble, count: phoneNumbers.length, phoneNumbers: phoneNumbers.slice(0, 20) };
    if (trouble === "lacks-address") {
      log.warn(
        some,
        "Twilio demands an address for companies' numbers, and may take them away: “npm run doctor” says of each what to do",
      );
    } else {
      log.error(
        some,
        "calls to companies' numbers do not come here: “npm run doctor” says of each what to do",
      );
    }
  }
}

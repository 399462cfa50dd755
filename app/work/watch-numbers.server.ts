import type { Knex } from "knex";
import { withScratch } from "#app/db.server.ts";
import {
  assignedNumbers,
  goneNumbers,
  hasAssignedNumbers,
  noteGone,
  tellIdle,
} from "#app/domain/gone-numbers.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import type { TwilioFailure, TwilioNumber } from "#app/twilio/account.server.ts";
import { ownedNumbers, type Owned } from "#app/twilio/owned-numbers.server.ts";
import {
  isReachableByTwilio,
  numberTroubles,
  type NumberTrouble,
} from "#app/twilio/voice-settings.server.ts";
import type { Job } from "#app/work/work.server.ts";

/**
 * Checks a few times a day whether the Twilio account still owns every company's number. A missing
 * one raises the operator's alarm, and its company is told the truth. The log also names those
 * whose calls do not come here.
 */
export const numbersWatch: Job = {
  name: "numbers-watch",
  everySeconds: 6 * 60 * 60,
  async isWanted(db) {
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = environment();
    return Boolean(TWILIO_ACCOUNT_SID && TWILIO_AUTH_TOKEN && (await hasAssignedNumbers(db)));
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
    const isCurrent = await withScratch(async (scratch) => {
      const owned = await ownedNumbers(scratch, account, eachAssigned(db));
      return compare(db, owned);
    });
    if (!isCurrent) return;
    if (sendsMail()) await tellIdle(db, environment().IDLE_DAYS);
    for (const { phoneNumber, companyId, since } of await goneNumbers(db)) {
      log.error(
        { phoneNumber, companyId, since },
        "a company's number is gone from the Twilio account, and its calls do not come: get it back (buy it again, or ask Twilio's support), then “npm run sync”",
      );
    }
  },
};

async function* eachAssigned(db: Knex): AsyncGenerator<string[], void, undefined> {
  for await (const some of assignedNumbers(db)) yield some.map(({ phoneNumber }) => phoneNumber);
}

/**
 * Records and logs what the account says about companies' numbers.
 * @returns whether it could say
 */
async function compare(db: Knex, owned: Owned | TwilioFailure): Promise<boolean> {
  if (!owned.ok) {
    log.warn(`companies' numbers could not be looked for at Twilio: ${owned.reason}`);
    return false;
  }
  if (owned.ownsNone) {
    log.error(
      "none of the companies' numbers is in the Twilio account: check TWILIO_ACCOUNT_SID, and run “npm run doctor”",
    );
    return false;
  }
  const gone: string[] = [];
  const troubled: Troubled = new Map();
  for await (const numbers of eachAssigned(db)) {
    gone.push(...(await owned.gone(numbers)));
    const ours = await owned.find(numbers);
    noteTroubles(
      troubled,
      numbers.flatMap((number) => ours.get(number) ?? []),
    );
  }
  await noteGone(db, gone);
  logTroubles(troubled);
  return true;
}

/**
 * Owned numbers whose calls do not come here, or may soon cease to: how many, and the first of
 * them.
 */
type Troubled = Map<NumberTrouble["kind"], { count: number; phoneNumbers: string[] }>;

const mostLogged = 20;

function noteTroubles(troubled: Troubled, numbers: readonly TwilioNumber[]): void {
  const { PUBLIC_URL } = environment();
  // No number points to a developer's machine, and that is no cause for alarm.
  const publicUrl = isReachableByTwilio(PUBLIC_URL) ? PUBLIC_URL : undefined;
  for (const number of numbers) {
    for (const { kind } of numberTroubles(number, publicUrl)) {
      const { count, phoneNumbers } = troubled.get(kind) ?? { count: 0, phoneNumbers: [] };
      if (count < mostLogged) phoneNumbers.push(number.phoneNumber);
      troubled.set(kind, { count: count + 1, phoneNumbers });
    }
  }
}

function logTroubles(troubled: Troubled): void {
  for (const [trouble, some] of troubled) {
    const told = { trouble, ...some };
    if (trouble === "lacks-address") {
      log.warn(
        told,
        "Twilio demands an address for companies' numbers, and may take them away: “npm run doctor” says of each what to do",
      );
    } else {
      log.error(
        told,
        "calls to companies' numbers do not come here: “npm run doctor” says of each what to do",
      );
    }
  }
}

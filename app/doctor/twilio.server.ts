import type { Knex } from "knex";
import { found, type Finding } from "#app/doctor/finding.ts";
import { asStored } from "#app/domain/e164.ts";
import { otherUse, wrongSettings } from "#app/twilio/voice-settings.server.ts";
import type { TwilioAccount, TwilioNumber } from "#app/twilio/account.server.ts";

/** The pool against the account: each number that is offered or assigned must be ours, take calls, and send them here. */

export interface Comparison {
  findings: Finding[];
  /** numbers of the account that take calls and are not in the pool; no fault, but worth a word */
  notInPool: number;
}

interface PooledNumber {
  id: number;
  phoneNumber: string;
  companyId: number | null;
}

/**
 * Compares every number of the pool with what Twilio says of it. Changes nothing.
 * @param publicUrl where calls must go (an origin); undefined leaves out where they do go
 */
export async function compareWithTwilio(
  db: Knex,
  account: TwilioAccount,
  publicUrl: string | undefined,
): Promise<Comparison> {
  const listed = await account.listNumbers();
  if (!listed.ok) {
    const mayPass = listed.kind === "unavailable";
    const findings = found(
      mayPass ? "twilio-unreachable" : "twilio-refuses",
      `The pool could not be compared with Twilio: ${listed.reason}.`,
      mayPass
        ? "“npm run doctor” again in a while; https://status.twilio.com says how Twilio is"
        : "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (Twilio's console, Account Info)",
    );
    return { findings, notInPool: 0 };
  }
  const owned = new Map(listed.numbers.map((number) => [number.phoneNumber, number]));
  const pool = await readPool(db);
  const inPool = new Set(pool.map(({ phoneNumber }) => phoneNumber));
  const notInPool = listed.numbers.filter(
    ({ phoneNumber, voice, handledBy }) =>
      voice && handledBy === undefined && !inPool.has(phoneNumber),
  ).length;

  if (pool.length > 1 && !pool.some((one) => owned.has(one.phoneNumber))) {
    const findings = found(
      "twilio-owns-none",
      `None of the pool's ${pool.length} numbers is in the Twilio account, which has ${owned.size}.`,
      "check that TWILIO_ACCOUNT_SID names the account that the numbers were bought in",
    );
    return { findings, notInPool };
  }
  const findings = pool.flatMap((one) => compareNumber(one, owned.get(one.phoneNumber), publicUrl));
  return { findings, notInPool };
}

// As they stand, since a database that is not migrated yet may hold anything; what is no number is damage of its own.
async function readPool(db: Knex): Promise<PooledNumber[]> {
  const rows = await db("twilio_phone_numbers")
    .orderBy("id")
    .select<{ id: number; text: string; companyId: number | null }[]>(
      "id",
      "phone_number as text",
      "assigned_to_company_id as companyId",
    );
  return rows.flatMap(({ id, text, companyId }) => {
    const phoneNumber = asStored(text);
    return phoneNumber === undefined ? [] : [{ id, phoneNumber, companyId }];
  });
}

function compareNumber(
  { id, phoneNumber, companyId }: PooledNumber,
  owned: TwilioNumber | undefined,
  publicUrl: string | undefined,
): Finding[] {
  const isAvailable = companyId === null;
  const whose = isAvailable
    ? `${phoneNumber}, which companies can choose,`
    : `${phoneNumber}, company ${companyId}'s number,`;
  const takeOut = `delete from twilio_phone_numbers where id = ${id} and status = 'available';`;

  if (!owned) {
    return found(
      "twilio-number-not-owned",
      `${whose} is not in the Twilio account: calls to it do not come here.`,
      isAvailable
        ? `buy it again and “npm run sync”, or take it out: ${takeOut}`
        : "get it back (buy it again, or ask Twilio's support), then “npm run sync”",
    );
  }
  if (!owned.voice) {
    return found(
      "twilio-number-without-voice",
      `${whose} takes no calls at Twilio, only messages.`,
      isAvailable
        ? takeOut
        : "ask Twilio's support whether it can take calls; the company keeps it",
    );
  }
  const use = otherUse(owned);
  if (use) {
    return found(
      "twilio-number-in-other-use",
      `${whose} is in use by ${use}: calls to it go there.`,
      "in Twilio's console let the number's calls be handled by a webhook, then “npm run sync”",
    );
  }
  const wrong = publicUrl ? Object.keys(wrongSettings(owned, publicUrl)) : [];
  if (wrong.length === 0) return [];
  return found(
    "twilio-number-not-pointed-here",
    `${whose} does not have this server's ${wrong.join(", ")} at Twilio.`,
    "npm run sync",
  );
}

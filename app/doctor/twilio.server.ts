import type { Knex } from "knex";
import { withScratch } from "#app/db.server.ts";
import { collectFindings, found, type Finding } from "#app/doctor/finding.ts";
import { asStored } from "#app/domain/e164.ts";
import { idleNumbers } from "#app/domain/gone-numbers.server.ts";
import { environment } from "#app/env.server.ts";
import {
  numberTroubles,
  otherAddress,
  type NumberTrouble,
} from "#app/twilio/voice-settings.server.ts";
import type { TwilioAccount, TwilioFailure, TwilioNumber } from "#app/twilio/account.server.ts";
import { eachListed, type ListedEntry } from "#app/twilio/listed-numbers.server.ts";
import { ownedNumbers, type Owned } from "#app/twilio/owned-numbers.server.ts";

/**
 * The pool against the account: each number offered or assigned must be ours, take calls, and send
 * them here.
 */

export interface Comparison {
  findings: Finding[];
  /**
   * numbers of the account that take calls and are not in the pool; not a fault, but worth
   * mentioning
   */
  notInPool: number;
}

interface PooledNumber {
  id: number;
  phoneNumber: string;
  companyId: number | null;
}

/**
 * Compares every number of the pool with what Twilio says about it. Changes nothing.
 * @param publicUrl where calls must go (an origin); undefined skips that check
 */
export async function compareWithTwilio(
  db: Knex,
  account: TwilioAccount,
  publicUrl: string | undefined,
): Promise<Comparison> {
  return withScratch(async (scratch) => {
    const owned = await ownedNumbers(scratch, account, numbersInPool(db));
    if (!owned.ok) return { findings: notCompared(owned), notInPool: 0 };
    const notInPool = await owned.countOthers();
    if (owned.ownsNone) {
      const findings = found(
        "twilio-owns-none",
        `None of the pool's ${owned.asked} numbers is in the Twilio account, which has ${owned.inAccount}.`,
        "check that TWILIO_ACCOUNT_SID names the account that the numbers were bought in",
      );
      return { findings, notInPool };
    }
    const findings = collectFindings();
    for await (const some of eachPooled(db)) {
      findings.add(await compareNumbers(some, owned, publicUrl));
    }
    for await (const some of eachListed(scratch, atATime, { onlyUnreadable: true })) {
      findings.add(some.flatMap(unreadable));
    }
    for await (const some of idle(db, owned)) findings.add(some);
    return { findings: findings.all(), notInPool };
  });
}

function notCompared({ kind, reason }: TwilioFailure): Finding[] {
  const mayPass = kind === "unavailable";
  return found(
    mayPass ? "twilio-unreachable" : "twilio-refuses",
    `The pool could not be compared with Twilio: ${reason}.`,
    mayPass
      ? "“npm run doctor” again in a while; https://status.twilio.com says how Twilio is"
      : "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (Twilio's console, Account Info)",
  );
}

const unreadable = ({ name }: ListedEntry): Finding[] =>
  found(
    "twilio-entry-unreadable",
    `Twilio's list of numbers has an entry that cannot be read: ${name}.`,
    "“npm run doctor” again in a while; if it stays, look at that number in Twilio's console",
  );

/** Numbers that the account owns and nobody calls: Twilio may take such numbers back. */
async function* idle(db: Knex, owned: Owned): AsyncGenerator<Finding[], void, undefined> {
  // Before it is migrated the database has no calls.
  if (!(await db.schema.hasTable("gone_numbers"))) return;
  const { IDLE_DAYS } = environment();
  for await (const some of idleNumbers(db, IDLE_DAYS)) {
    const ours = await owned.find(some.map(({ phoneNumber }) => phoneNumber));
    yield some.flatMap(({ phoneNumber, companyId }) =>
      ours.has(phoneNumber)
        ? found(
            "twilio-number-idle",
            `Nobody has called ${phoneNumber}, company ${companyId}'s number, for ${IDLE_DAYS} days or more (IDLE_DAYS).`,
            "ring it once and stay on the line for a quarter of a minute; its company is asked to on its dashboard",
          )
        : [],
    );
  }
}

const atATime = 1_000;

/**
 * Numbers as they stand, since an unmigrated database may hold anything; what is not a number is
 * reported as damage.
 */
async function* eachPooled(db: Knex): AsyncGenerator<PooledNumber[], void, undefined> {
  for (let after: number | undefined; ;) {
    const rows = await db("twilio_phone_numbers")
      .modify((query) => after !== undefined && void query.where("id", ">", after))
      .orderBy("id")
      .limit(atATime)
      .select<{ id: number; text: string; companyId: number | null }[]>(
        "id",
        "phone_number as text",
        "assigned_to_company_id as companyId",
      );
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    yield rows.flatMap(({ id, text, companyId }) => {
      const phoneNumber = asStored(text);
      return phoneNumber === undefined ? [] : [{ id, phoneNumber, companyId }];
    });
  }
}

async function* numbersInPool(db: Knex): AsyncGenerator<string[], void, undefined> {
  for await (const some of eachPooled(db)) yield some.map(({ phoneNumber }) => phoneNumber);
}

async function compareNumbers(
  some: readonly PooledNumber[],
  owned: Owned,
  publicUrl: string | undefined,
): Promise<Finding[]> {
  const numbers = some.map(({ phoneNumber }) => phoneNumber);
  const [ours, gone] = [await owned.find(numbers), new Set(await owned.gone(numbers))];
  return some.flatMap((one) => {
    const number = ours.get(one.phoneNumber);
    if (number) return compareNumber(one, number, publicUrl);
    return gone.has(one.phoneNumber) ? notOwned(one) : [];
  });
}

const whose = ({ phoneNumber, companyId }: PooledNumber) =>
  companyId === null
    ? `${phoneNumber}, which companies can choose,`
    : `${phoneNumber}, company ${companyId}'s number,`;

const takeOut = ({ id }: PooledNumber) =>
  `delete from twilio_phone_numbers where id = ${id} and status = 'available';`;

function notOwned(one: PooledNumber): Finding[] {
  return found(
    "twilio-number-not-owned",
    `${whose(one)} is not in the Twilio account: calls to it do not come here.`,
    one.companyId === null
      ? `buy it again and “npm run sync”, or take it out: ${takeOut(one)}`
      : "get it back (buy it again, or ask Twilio's support), then “npm run sync”",
  );
}

function compareNumber(
  one: PooledNumber,
  owned: TwilioNumber,
  publicUrl: string | undefined,
): Finding[] {
  const takenElsewhere = publicUrl !== undefined && otherAddress(owned, publicUrl) !== undefined;
  const mends: Record<NumberTrouble["kind"], string> = {
    "without-voice":
      one.companyId === null
        ? takeOut(one)
        : "ask Twilio's support whether it can take calls; the company keeps it",
    "in-other-use":
      "in Twilio's console let the number's calls be handled by a webhook, then “npm run sync”",
    "not-pointed-here": takenElsewhere ? "npm run sync -- --take-over" : "npm run sync",
    "lacks-address": "give the number an address or a regulatory bundle in Twilio's console",
  };
  return numberTroubles(owned, publicUrl).flatMap(({ kind, what }) =>
    found(`twilio-number-${kind}`, `${whose(one)} ${what}.`, mends[kind]),
  );
}

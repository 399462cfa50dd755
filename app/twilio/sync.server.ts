import type { Knex } from "knex";
import { isE164 } from "#app/domain/e164.ts";
import { operator } from "#app/domain/audit.server.ts";
import { addToPool, knownInPool } from "#app/domain/pool.server.ts";
import type { TwilioAccount, TwilioFailure, TwilioNumber } from "#app/twilio/account.server.ts";
import {
  countListed,
  eachListed,
  listNumbers,
  type ListedEntry,
} from "#app/twilio/listed-numbers.server.ts";
import {
  beginReport,
  type Synced,
  type SyncedAs,
  type SyncReport,
} from "#app/twilio/sync-report.server.ts";
import {
  otherAddress,
  otherUse,
  wrongSettings,
  type VoiceSettings,
} from "#app/twilio/voice-settings.server.ts";

/**
 * A number is offered to companies only if its calls reach this server: the account owns it, it
 * takes calls, and Twilio sends them to PUBLIC_URL. So a number is pointed here first, and then
 * enters the pool. Ownership is never changed here.
 */

export interface SyncOptions {
  /** this server's origin, as Twilio is to call it */
  publicUrl: string;
  /** writes neither to the database nor to Twilio */
  dryRun: boolean;
  /** also points numbers here whose calls now go to somebody else's address */
  takeOver?: boolean;
  /** is told how many of the numbers are done */
  onProgress?: (done: number, total: number) => void;
  /** is told how many numbers Twilio has listed so far */
  onListed?: (soFar: number) => void;
}

// Twilio limits how many requests an account may have in progress.
const atATime = 5;
const chunkSize = 200;
const mostFailuresInARow = 5;

/**
 * Brings the pool and the account together: points each number that takes calls at `publicUrl` if
 * it is not yet, and adds it to the pool if it is missing. A failure for one number does not stop
 * the others; if Twilio goes away the rest are not tried. Numbers that are done stay done, so it is
 * safe to stop, and to run again.
 * @param scratch an empty scratch database, which then holds the report
 * @returns a failure if the account's numbers cannot be listed; nothing was changed then
 */
export async function syncNumbers(
  db: Knex,
  scratch: Knex,
  account: TwilioAccount,
  options: SyncOptions,
): Promise<{ ok: true; report: SyncReport } | TwilioFailure> {
  const listed = await listNumbers(scratch, account, options.onListed);
  if (!listed.ok) return listed;
  const all = await countListed(scratch);
  const { report, add } = await beginReport(scratch, all);
  const point = pointing(account, options);
  let done = 0;
  for await (const chunk of eachListed(scratch, chunkSize)) {
    const inPool = await knownInPool(
      db,
      chunk.flatMap(({ number }) => number?.phoneNumber ?? []),
    );
    const isNew = (phoneNumber: string) => !inPool.has(phoneNumber);
    const sorted = chunk.map((entry) => wantedOrNot(entry, inPool, options));
    const unfit = sorted.filter((one) => "what" in one);
    const wanted = sorted.filter((one) => "sid" in one);
    done += unfit.length;
    const pointed = await inParallel(wanted, async (number) => {
      const one = await point(number);
      options.onProgress?.(++done, all);
      return one;
    });
    const ready = pointed.flatMap(({ phoneNumber, failure }) =>
      failure === undefined && isNew(phoneNumber) ? phoneNumber : [],
    );
    const added = options.dryRun ? ready : [...(await addToPool(db, ready, operator))];
    await add([
      ...unfit,
      ...added.map((phoneNumber) => ({ what: "added", phoneNumber }) as const),
      ...pointed.flatMap((one) => outcomeOf(one, isNew(one.phoneNumber)) ?? []),
    ]);
  }
  return { ok: true, report };
}

function outcomeOf(
  { phoneNumber, settings, takenFrom, failure }: Pointed,
  isNew: boolean,
): Synced | undefined {
  if (failure !== undefined) return { what: "failed", phoneNumber, reason: failure };
  if (settings.length > 0) {
    return { what: "pointed", phoneNumber, settings, ...(takenFrom && { takenFrom }) };
  }
  return isNew ? undefined : { what: "unchanged", phoneNumber };
}

/** The number of an entry that is for the pool, or else why it is not. */
function wantedOrNot(
  { name, number }: ListedEntry,
  inPool: Set<string>,
  { publicUrl, takeOver = false }: SyncOptions,
): TwilioNumber | SyncedAs<"leftOut" | "failed"> {
  const failed = (reason: string) => ({ what: "failed", phoneNumber: name, reason }) as const;
  if (!number) return failed("cannot be read in Twilio's list, and was skipped");
  const use = otherUse(number);
  const elsewhere = takeOver ? undefined : otherAddress(number, publicUrl);
  const unfit = !number.voice
    ? "takes no calls"
    : use
      ? `is in use by ${use} at Twilio`
      : elsewhere && `has ${elsewhere} at Twilio (--take-over points it here)`;
  if (unfit) {
    return inPool.has(name)
      ? failed(`${unfit}, yet it is in the pool`)
      : { what: "leftOut", phoneNumber: name, reason: unfit };
  }
  return isE164(name) ? number : failed("is not in E.164");
}

interface Pointed {
  phoneNumber: string;
  settings: string[];
  takenFrom: string | undefined;
  failure?: string | undefined;
}

function pointing(
  account: TwilioAccount,
  { publicUrl, dryRun }: SyncOptions,
): (number: TwilioNumber) => Promise<Pointed> {
  let failuresInARow = 0;
  let stopped: string | undefined;

  async function update(sid: string, settings: Partial<VoiceSettings>) {
    const answer = await account.updateNumber(sid, settings);
    if (answer.ok || answer.kind === "refused") failuresInARow = 0;
    else if (answer.kind === "unauthorized" || ++failuresInARow >= mostFailuresInARow) {
      stopped = answer.reason;
    }
    return answer.ok ? undefined : answer.reason;
  }
  return async (number) => {
    const { phoneNumber, sid } = number;
    const wrong = wrongSettings(number, publicUrl);
    const pointed: Pointed = {
      phoneNumber,
      settings: Object.keys(wrong),
      takenFrom: otherAddress(number, publicUrl),
    };
    if (pointed.settings.length > 0 && !dryRun) {
      pointed.failure = stopped ? `was not tried, since ${stopped}` : await update(sid, wrong);
    }
    return pointed;
  };
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}

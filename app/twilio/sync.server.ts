import type { Knex } from "knex";
import { isE164 } from "#app/domain/e164.ts";
import { operator } from "#app/domain/audit.server.ts";
import { addToPool, knownInPool } from "#app/domain/pool.server.ts";
import type { TwilioAccount, TwilioFailure, TwilioNumber } from "#app/twilio/account.server.ts";
import {
  otherAddress,
  otherUse,
  wrongSettings,
  type VoiceSettings,
} from "#app/twilio/voice-settings.server.ts";

/**
 * A number is offered to companies only if its calls reach this server: the account owns it, it takes calls, and Twilio
 * sends them to PUBLIC_URL. So a number is pointed here first, and then enters the pool. Ownership is never changed
 * here.
 */

/** A number, and why it was not dealt with; `reason` is the end of a sentence. */
export interface NotSynced {
  phoneNumber: string;
  reason: string;
}

/** What {@link syncNumbers} did, or, in a dry run, would do. A number may be both added and pointed. */
export interface SyncReport {
  /** numbers that the account owns */
  inAccount: number;
  /** entered the pool */
  added: string[];
  /** got new settings at Twilio, by the settings' names */
  pointed: { phoneNumber: string; settings: string[]; takenFrom?: string | undefined }[];
  /** were in the pool and right */
  unchanged: string[];
  /** are not for the pool: no voice, or in use for something else */
  leftOut: NotSynced[];
  failed: NotSynced[];
}

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
 * Brings the pool and the account together: points each number that takes calls at `publicUrl` if it is not yet, and
 * adds it to the pool if it is missing. A failure for one number does not stop the others; if Twilio goes away the rest
 * are not tried. Numbers that are done stay done, so it is safe to stop, and to run again.
 * @returns a failure if the account's numbers cannot be listed; nothing was changed then
 */
export async function syncNumbers(
  db: Knex,
  account: TwilioAccount,
  options: SyncOptions,
): Promise<{ ok: true; report: SyncReport } | TwilioFailure> {
  const listed = await account.listNumbers(options.onListed);
  if (!listed.ok) return listed;
  const { numbers } = listed;
  const report: SyncReport = {
    inAccount: numbers.length + listed.unreadable.length,
    added: [],
    pointed: [],
    unchanged: [],
    leftOut: [],
    failed: listed.unreadable.map(({ name }) => ({
      phoneNumber: name,
      reason: "cannot be read in Twilio's list, and was skipped",
    })),
  };
  const inPool = await knownInPool(
    db,
    numbers.map(({ phoneNumber }) => phoneNumber),
  );
  const wanted = numbers.filter((number) => isWanted(number, inPool, report, options));
  const point = pointing(account, options, wanted.length);
  for (let start = 0; start < wanted.length; start += chunkSize) {
    const chunk = wanted.slice(start, start + chunkSize);
    const ready: string[] = [];
    for (const { phoneNumber, settings, takenFrom, failure } of await inParallel(chunk, point)) {
      if (failure !== undefined) {
        report.failed.push({ phoneNumber, reason: failure });
        continue;
      }
      if (settings.length > 0) {
        report.pointed.push({ phoneNumber, settings, ...(takenFrom && { takenFrom }) });
      } else if (inPool.has(phoneNumber)) report.unchanged.push(phoneNumber);
      if (!inPool.has(phoneNumber)) ready.push(phoneNumber);
    }
    report.added.push(...(options.dryRun ? ready : await addToPool(db, ready, operator)));
  }
  return { ok: true, report };
}

/** Whether `number` is for the pool; if not, the report says why. */
function isWanted(
  number: TwilioNumber,
  inPool: Set<string>,
  report: SyncReport,
  { publicUrl, takeOver = false }: SyncOptions,
): boolean {
  const { phoneNumber } = number;
  const use = otherUse(number);
  const elsewhere = takeOver ? undefined : otherAddress(number, publicUrl);
  const unfit = !number.voice
    ? "takes no calls"
    : use
      ? `is in use by ${use} at Twilio`
      : elsewhere && `has ${elsewhere} at Twilio (--take-over points it here)`;
  if (unfit && inPool.has(phoneNumber)) {
    report.failed.push({ phoneNumber, reason: `${unfit}, yet it is in the pool` });
  } else if (unfit) report.leftOut.push({ phoneNumber, reason: unfit });
  else if (isE164(phoneNumber)) return true;
  else report.failed.push({ phoneNumber, reason: "is not in E.164" });
  return false;
}

interface Pointed {
  phoneNumber: string;
  settings: string[];
  takenFrom: string | undefined;
  failure?: string | undefined;
}

function pointing(
  account: TwilioAccount,
  { publicUrl, dryRun, onProgress }: SyncOptions,
  total: number,
): (number: TwilioNumber) => Promise<Pointed> {
  let done = 0;
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
    onProgress?.(++done, total);
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

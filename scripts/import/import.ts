import { setFlagsFromString } from "node:v8";
import type { Knex } from "knex";
import { operator } from "../../app/domain/audit.server.ts";
import { addToPool, batchSize } from "../../app/domain/pool.server.ts";
import { withStaging } from "../../app/domain/pool-staging.server.ts";
import { readNumber, type Given } from "./numbers.ts";
import type { Rejects } from "./rejects.ts";
import type { Report, Result } from "./report.ts";

export interface Import {
  report: Report;
  /** where invalid numbers go besides the report */
  rejects: Rejects | undefined;
  /** how numbers enter the pool */
  way: "in batches" | "all or nothing" | "not at all";
  /** no further batch is begun once it is aborted */
  signal: AbortSignal;
  /** is told after each batch how many numbers have been read so far */
  onProgress: (numbers: number) => void;
  /** “all or nothing”: is told how many of those that were staged have been dealt with */
  onEntering: (done: number, staged: number) => void;
}

/**
 * Adds the given numbers to the pool, a batch at a time, in constant memory.
 * @returns whether all were read. Batches that have entered stay; “all or nothing” adds nothing if
 * one is invalid.
 */
export async function importNumbers(
  db: Knex,
  given: AsyncIterable<readonly Given[]>,
  options: Import,
): Promise<boolean> {
  // Each number leaves garbage at once; by default V8 would let 30 MB more of it gather before
  // collecting.
  setFlagsFromString("--semi-space-growth-factor=1");
  if (options.way === "in batches") {
    return eachBatch(given, options, async (batch) => {
      await options.report.add(resultsOf(batch, await addToPool(db, numbersOf(batch), operator)));
    });
  }
  return withStaging(db, async (staging) => {
    const { report, way } = options;
    const isComplete = await eachBatch(given, options, async (batch) => {
      await report.add(resultsOf(batch, await staging.stage(numbersOf(batch))));
    });
    if (way === "not at all" || !isComplete) return isComplete;
    const entered =
      report.invalid > 0
        ? 0
        : await staging.enter(operator, (done) => options.onEntering(done, report.added));
    // Numbers that others added meanwhile count as already there.
    if (report.invalid === 0) report.alreadyThere += report.added - entered;
    report.added = entered;
    return true;
  });
}

interface Read extends Given {
  /** E.164; absent if it is not a number */
  phoneNumber?: string;
  reason?: string;
}

async function eachBatch(
  given: AsyncIterable<readonly Given[]>,
  { report, rejects, signal, onProgress }: Import,
  deal: (batch: readonly Read[]) => Promise<void>,
): Promise<boolean> {
  let numbers = 0;
  let batch: Read[] = [];
  const flush = async () => {
    const whole = batch;
    batch = [];
    if (whole.length === 0) return;
    await deal(whole);
    for (const one of whole) if (one.reason !== undefined) rejects?.write(one, one.reason);
    onProgress((numbers += whole.length));
  };
  try {
    for await (const some of given) {
      for (const one of some) {
        batch.push(read(one, report));
        if (batch.length < batchSize) continue;
        if (signal.aborted) return false;
        await flush();
      }
    }
  } catch (error) {
    // Everything before the place where a file cannot be read is still processed.
    await flush();
    throw error;
  }
  if (signal.aborted) return false;
  await flush();
  return true;
}

function read(given: Given, report: Report): Read {
  if (given.refused !== undefined) return { ...given, reason: given.refused };
  const number = readNumber(given.text);
  if (!number.ok) return { ...given, reason: number.reason };
  if (!number.valid) report.warn(given, number.phoneNumber);
  return { ...given, phoneNumber: number.phoneNumber };
}

const numbersOf = (batch: readonly Read[]) => batch.flatMap((one) => one.phoneNumber ?? []);

function resultsOf(batch: readonly Read[], fresh: Set<string>): Result[] {
  return batch.map(({ phoneNumber, reason = "", ...given }): Result => {
    if (phoneNumber === undefined) return { ...given, reason, result: "invalid" };
    // A number that was given twice is added once.
    return { ...given, phoneNumber, result: fresh.delete(phoneNumber) ? "added" : "already there" };
  });
}

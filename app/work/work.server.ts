import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { reading, working } from "#app/db.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { log } from "#app/log/log.server.ts";
import { isFree, leaseSeconds, letGo, renew, take } from "#app/work/leases.server.ts";

/** What is done in the background: by the processes that serve, and by `npm run work -- --once`. */

/**
 * A job. It may be cut off at any point and is then done again, by this process or another, so
 * every step can be repeated; and it works in batches, so that locks are short.
 */
export interface Job {
  name: string;
  /** seconds until it is due again after it was done; after a failure at most a minute */
  everySeconds: number;
  /** seconds between two looks at whether it is due; by default 60 */
  lookSeconds?: number;
  /** whether there is anything to do; asked before the job is taken, and only reads */
  isWanted?(db: Knex): Promise<boolean>;
  /** @param signal aborted when the process stops, or has lost the job */
  run(db: Knex, signal: AbortSignal): Promise<void>;
}

/** The outcome of {@link doJob}. */
export type JobOutcome = "done" | "failed" | "not-due";

// Seconds.
const firstLook = 2;
const usualLook = 60;
const afterFailure = 60;

/**
 * Does a job if it is due and nobody else is at it. Never throws: what fails is logged, and done
 * later.
 */
export async function doJob(job: Job, signal: AbortSignal): Promise<JobOutcome> {
  const holder = randomUUID();
  try {
    if (!(await isFree(reading(), job.name))) return "not-due";
    if (job.isWanted && !(await job.isWanted(reading()))) return "not-due";
    if (signal.aborted || !(await take(working(), job.name, holder))) return "not-due";
  } catch (error) {
    tell(job, error);
    return "failed";
  }
  let failed = false;
  try {
    await whileHeld(job, holder, signal, (held) => job.run(working(), held));
  } catch (error) {
    failed = true;
    tell(job, error);
  }
  try {
    const next = failed ? Math.min(job.everySeconds, afterFailure) : job.everySeconds;
    // A job that was cut off is due at once.
    await letGo(working(), job.name, holder, signal.aborted ? 0 : next);
  } catch (error) {
    tell(job, error);
  }
  return failed ? "failed" : "done";
}

async function whileHeld(
  job: Job,
  holder: string,
  stops: AbortSignal,
  work: (held: AbortSignal) => Promise<void>,
): Promise<void> {
  const held = new AbortController();
  const abort = () => held.abort();
  stops.addEventListener("abort", abort);
  const renewing = setInterval(
    () => {
      renew(working(), job.name, holder).then(
        (stillHeld) => stillHeld || abort(),
        () => {},
      );
    },
    (leaseSeconds / 3) * 1_000,
  ).unref();
  try {
    await work(held.signal);
  } finally {
    clearInterval(renewing);
    stops.removeEventListener("abort", abort);
  }
}

function tell({ name }: Job, error: unknown): void {
  // Requests already report that the database is away.
  const level = isDatabaseUnavailable(error) ? "debug" : "warn";
  log[level]({ job: name, err: error }, "a job in the background failed; it is done again later");
}

/**
 * Does jobs as they become due until `signal` is aborted.
 * @returns when the last of them has ended
 */
export async function keepWorking(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
  // Each job listens, and Node would report more than ten listeners as a leak, on stderr.
  setMaxListeners(0, signal);
  const pause = (seconds: number) =>
    setTimeout(seconds * 1_000, undefined, { signal }).catch(() => {});
  await Promise.all(
    jobs.map(async (job) => {
      await pause(firstLook);
      while (!signal.aborted) {
        await doJob(job, signal);
        await pause(job.lookSeconds ?? usualLook);
      }
    }),
  );
}

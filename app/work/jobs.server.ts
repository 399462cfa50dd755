import { expireLinks } from "#app/domain/account-links.server.ts";
import { expireAudit } from "#app/domain/audit.server.ts";
import { expireUnmatchedCalls } from "#app/domain/call-events.server.ts";
import { expireMail } from "#app/domain/mail-queue.server.ts";
import { findOutFacts, hasUnknown } from "#app/domain/pool-facts.server.ts";
import { foldCounts, hasSpreadCounts } from "#app/domain/pool-counts.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import { mail } from "#app/work/send-mail.server.ts";
import { keepWorking, type Job } from "#app/work/work.server.ts";

const hour = 60 * 60;

const unmatchedCalls: Job = {
  name: "unmatched-calls",
  everySeconds: hour,
  run: (db) => expireUnmatchedCalls(db),
};

const auditExpiry: Job = {
  name: "audit-expiry",
  everySeconds: hour,
  async run(db, signal) {
    while (!signal.aborted && (await expireAudit(db, environment().AUDIT_DAYS)) > 0);
  },
};

const leftovers: Job = {
  name: "links-and-mail-expiry",
  everySeconds: hour,
  async run(db) {
    await expireLinks(db);
    await expireMail(db);
  },
};

/** Warns in the log, once an hour, while fewer numbers are available than LOW_POOL_THRESHOLD. */
const lowPool: Job = {
  name: "low-pool",
  everySeconds: hour,
  isWanted: async (db) => (await poolStatus(db)).available < environment().LOW_POOL_THRESHOLD,
  async run(db) {
    const { available, companiesWaiting } = await poolStatus(db);
    log.warn(
      { available, threshold: environment().LOW_POOL_THRESHOLD, companiesWaiting },
      "the pool of phone numbers is low; add some with `npm run numbers`",
    );
  },
};

/** Finds out the country and kind of numbers that came by plain SQL, or were adopted. */
const numberFacts: Job = {
  name: "number-facts",
  everySeconds: 5,
  lookSeconds: 5,
  isWanted: hasUnknown,
  async run(db, signal) {
    while (!signal.aborted && (await findOutFacts(db)) > 0);
  },
};

const poolCounts: Job = {
  name: "pool-counts",
  everySeconds: 5 * 60,
  isWanted: hasSpreadCounts,
  run: foldCounts,
};

/** All that is done in the background. */
export const jobs: readonly Job[] = [
  mail,
  lowPool,
  numberFacts,
  poolCounts,
  auditExpiry,
  leftovers,
  unmatchedCalls,
];

/** Does all of {@link jobs} as they become due until `signal` is aborted, and returns when the last has ended. */
export const startWork = (signal: AbortSignal): Promise<void> => keepWorking(jobs, signal);

import { budgetStatus, forgetOldAssignments } from "#app/domain/assignment-budget.server.ts";
import { expireLinks } from "#app/domain/account-links.server.ts";
import { expireAudit } from "#app/domain/audit.server.ts";
import { expireCalls } from "#app/domain/call-erasure.server.ts";
import { eraseLeftOfErased, hasLeftOfErased } from "#app/domain/closed-companies.server.ts";
import { forgetOldKeys } from "#app/domain/idempotency.server.ts";
import { expireMail } from "#app/domain/mail-queue.server.ts";
import { findOutFacts, hasUnknown } from "#app/domain/pool-facts.server.ts";
import { foldCounts, hasSpreadCounts } from "#app/domain/pool-counts.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { clearCounts } from "#app/domain/rate-counts.server.ts";
import { expireTold } from "#app/domain/told-addresses.server.ts";
import { environment } from "#app/env.server.ts";
import { budgetAdvice } from "#app/log/events.server.ts";
import { log } from "#app/log/log.server.ts";
import { recordings } from "#app/work/delete-recordings.server.ts";
import { mail } from "#app/work/send-mail.server.ts";
import { callsTold } from "#app/work/tell-calls.server.ts";
import { numbersWatch } from "#app/work/watch-numbers.server.ts";
import { keepWorking, type Job } from "#app/work/work.server.ts";

const hour = 60 * 60;

const callExpiry: Job = {
  name: "call-expiry",
  everySeconds: hour,
  async run(db, signal) {
    while (!signal.aborted && (await expireCalls(db, environment().CALL_DAYS)) > 0);
  },
};

/**
 * Closing an account deletes most of it at once: this is the rest of its calls, and what was
 * written meanwhile.
 */
const leftOfErased: Job = {
  name: "calls-of-erased",
  everySeconds: 60,
  isWanted: hasLeftOfErased,
  async run(db, signal) {
    while (!signal.aborted && (await eraseLeftOfErased(db)) > 0);
  },
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
    await forgetOldKeys(db);
    await expireLinks(db);
    await expireMail(db);
    await expireTold(db);
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

/**
 * Warns in the log, every ten minutes, while the hour's assignments are spent: somebody may be
 * emptying the pool.
 */
const spentBudget: Job = {
  name: "spent-budget",
  everySeconds: 10 * 60,
  lookSeconds: 30,
  async isWanted(db) {
    const { spent, budget, openUntil } = await budgetStatus(db);
    return environment().RATE_LIMITS === "on" && openUntil === null && spent >= budget;
  },
  async run(db) {
    const { spent, budget } = await budgetStatus(db);
    log.warn({ spent, budget }, budgetAdvice);
  },
};

const oldCounts: Job = {
  name: "old-counts",
  everySeconds: 5 * 60,
  async run(db) {
    await clearCounts(db);
    await forgetOldAssignments(db);
  },
};

/** Works out the country and kind of numbers that came by plain SQL or were adopted. */
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

/** Everything that is done in the background. */
export const jobs: readonly Job[] = [
  mail,
  recordings,
  numbersWatch,
  callsTold,
  leftOfErased,
  callExpiry,
  auditExpiry,
  leftovers,
  lowPool,
  numberFacts,
  poolCounts,
  spentBudget,
  oldCounts,
];

/**
 * Does all of {@link jobs} as they become due until `signal` is aborted, and returns when the last
 * has ended.
 */
export const startWork = (signal: AbortSignal): Promise<void> => keepWorking(jobs, signal);

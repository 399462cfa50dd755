import { reading } from "#app/db.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";

// Milliseconds: looked at often, so that the first warning comes soon, and said seldom.
const firstLook = 2_000;
const lookEvery = 60_000;
const warnEvery = 60 * 60_000;

/** Warns in the log, once an hour, while fewer numbers are available than LOW_POOL_THRESHOLD. */
export function watchPool(): void {
  const threshold = environment().LOW_POOL_THRESHOLD;
  let warnedAt = -Infinity;
  const look = async () => {
    const status = await poolStatus(reading()).catch(() => undefined);
    if (!status || status.available >= threshold) return;
    if (performance.now() - warnedAt < warnEvery) return;
    warnedAt = performance.now();
    log.warn(
      {
        available: status.available,
        threshold,
        companiesWaiting: status.companiesWaiting,
      },
      "the pool of phone numbers is low; add some with `npm run numbers`",
    );
  };
  setTimeout(() => void look(), firstLook).unref();
  setInterval(() => void look(), lookEvery).unref();
}

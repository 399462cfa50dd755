import { database } from "#app/db.server.ts";
import { expireCalls } from "#app/domain/call-erasure.server.ts";
import { environment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";

// Milliseconds.
const firstTime = 60_000;
const every = 60 * 60_000;

/** Deletes calls once they are old, every hour. */
export function watchOldCalls(): void {
  const expire = () => {
    expireCalls(database(), environment().CALL_DAYS).catch((err: unknown) => {
      log.warn({ err }, "old calls were not deleted; trying again in an hour");
    });
  };
  setTimeout(expire, firstTime).unref();
  setInterval(expire, every).unref();
}

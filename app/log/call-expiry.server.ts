import { database } from "#app/db.server.ts";
import { expireUnmatchedCalls } from "#app/domain/call-events.server.ts";
import { log } from "#app/log/log.server.ts";

// Milliseconds.
const firstTime = 60_000;
const every = 60 * 60_000;

/** Deletes calls to nobody's numbers once they are old, every hour. */
export function watchUnmatchedCalls(): void {
  const expire = () => {
    expireUnmatchedCalls(database()).catch((err: unknown) => {
      log.warn({ err }, "old calls to nobody's numbers were not deleted; trying again in an hour");
    });
  };
  setTimeout(expire, firstTime).unref();
  setInterval(expire, every).unref();
}

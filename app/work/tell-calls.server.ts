import { hasCallsToTell, tellCalls } from "#app/domain/calls-to-tell.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import type { Job } from "#app/work/work.server.ts";

/** Queues mail of missed calls and messages. */
export const callsTold: Job = {
  name: "calls-told",
  everySeconds: 0,
  lookSeconds: 10,
  isWanted: async (db) => sendsMail() && (await hasCallsToTell(db)),
  run: tellCalls,
};

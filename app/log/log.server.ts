import { createRequire } from "node:module";
import { format } from "node:util";
import pino from "pino";
import { databaseErrorCode, isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { environment } from "#app/env.server.ts";
import { describeError } from "#app/log/scrub.server.ts";
import type { Exchange } from "#app/server/exchange.server.ts";

let stream: pino.DestinationStream = process.stdout.isTTY ? prettyStream() : pino.destination(1);

/** Leaves stdout to a script's data. */
export function logToStderr(): void {
  stream = pino.destination(2);
}

/**
 * The process's log: JSON lines on stdout, in UTC; on a terminal readable lines. JSON escapes line
 * breaks, so none can be forged. Nothing secret goes in: callers name what they log, and what
 * errors say is scrubbed.
 */
export const log = pino(
  {
    level: level(),
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    serializers: {
      err: (error: unknown) => (error instanceof Error ? describeError(error) : error),
    },
  },
  { write: (line: string) => stream.write(line) },
);

// Errors in the environment are reported by whatever starts with it.
function level(): string {
  try {
    return environment().LOG_LEVEL;
  } catch {
    return "info";
  }
}

function prettyStream() {
  const pretty = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  return pretty({
    sync: true,
    singleLine: true,
    translateTime: "SYS:HH:MM:ss",
    ignore: "pid,requestId,route,address,method,path,status,ms",
    messageFormat: (fields, messageKey) => {
      const { method, path, status, ms } = fields;
      return status === undefined
        ? String(fields[messageKey])
        : format("%s %s %s (%s ms)", method, path, status, ms);
    },
  });
}

// Several loaders may wait for the same thing, which fails once.
const logged = new WeakSet<object>();

/**
 * Logs an error that ended a request, with the id that its answer carries.
 * @param isUnavailable whether the database is to blame, rather than the program
 */
export function logFault(
  { requestId, method, path }: Exchange,
  error: unknown,
  isUnavailable = isDatabaseUnavailable(error),
): void {
  if (error instanceof Error) {
    if (logged.has(error)) return;
    logged.add(error);
  }
  const fields = { requestId, method, path };
  if (isUnavailable) {
    const code = databaseErrorCode(error);
    const err = { ...describeError(error, false), ...(code !== undefined && { code }) };
    log.warn({ ...fields, err }, "the database is not available");
  } else {
    log.error({ ...fields, err: describeError(error) }, "request failed");
  }
}

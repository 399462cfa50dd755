/**
 * What the supervisor has to say while it serves, on stderr: a plain line on a terminal, otherwise
 * a JSON line like those of the workers' log.
 */
export function event(
  level: "info" | "warn" | "error",
  msg: string,
  fields: Record<string, unknown> = {},
): void {
  process.stderr.write(
    process.stderr.isTTY
      ? `${msg}\n`
      : `${JSON.stringify({ level, time: new Date().toISOString(), pid: process.pid, ...fields, msg })}\n`,
  );
}

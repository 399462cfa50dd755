/**
 * What the supervisor has to say while it serves, on stderr: a plain line on a terminal, else a JSON line as the
 * workers' log has them.
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

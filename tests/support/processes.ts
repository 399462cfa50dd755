import { execFileSync } from "node:child_process";
import { until } from "./load.ts";
import type { AppServer } from "./server.ts";

/** A line of the server's log. */
export type LogLine = Record<string, unknown>;

/** The JSON lines that a server has printed so far. */
export function logLines(server: AppServer): LogLine[] {
  return server
    .output()
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogLine);
}

/** Waits for the first line of the log, printed or yet to come, that `matches`. */
export async function logLine(
  server: AppServer,
  what: string,
  matches: (line: LogLine) => boolean,
): Promise<LogLine> {
  let found: LogLine | undefined;
  await until(`a line of the log on ${what}`, () => {
    found = logLines(server).find(matches);
    return found !== undefined;
  });
  return found ?? {};
}

/** The line of the request that had this `X-Request-Id`. */
export function requestLine(server: AppServer, id: string): Promise<LogLine> {
  return logLine(
    server,
    `request ${id}`,
    (line) => line.msg === "request" && line.requestId === id,
  );
}

let asked = 0;

/** The process id of the worker that answers next. */
export async function workerPid(server: AppServer): Promise<number> {
  const id = `which-worker-${++asked}`;
  await fetch(`${server.url}/healthz`, { headers: { "X-Request-Id": id } });
  return (await requestLine(server, id)).pid as number;
}

/** Megabytes that a process has in memory. */
export function megabytes(pid: number): number {
  const kilobytes = execFileSync("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(kilobytes.toString()) / 1000;
}

/** Whether the process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

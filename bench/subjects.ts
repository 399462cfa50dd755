import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { childEnvironment } from "../tests/support/environment.ts";
import { freePort } from "../tests/support/free-port.ts";
import { guardProcess } from "../tests/support/left-behind.ts";

/** What is measured: a server program, and where it is. */
export interface Subject {
  name: "ours" | "peer" | "baseline";
  directory: string;
  /** a line for the shell */
  command: string;
  /** the commit of its checkout */
  commit: string;
}

/**
 * @param directory a checkout of this program, this one or another; it is started as its own `npm
 * start` would
 */
export function checkout(name: Subject["name"], directory: string): Subject {
  const { scripts } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as {
    scripts: { start: string };
  };
  return {
    name,
    directory,
    command: scripts.start,
    commit: commitOf(directory),
  };
}

export const peer: Subject = {
  name: "peer",
  directory: ".",
  command: "node --import tsx bench/peer.ts",
  commit: commitOf("."),
};

function commitOf(directory: string): string {
  const { stdout } = spawnSync("git", ["describe", "--always", "--dirty"], {
    cwd: directory,
    encoding: "utf8",
  });
  return stdout?.trim() || "unknown";
}

/** A running subject. */
export interface Server {
  subject: Subject;
  /** its origin, also its PUBLIC_URL */
  url: string;
  /** processor time so far of all its running threads; milliseconds, exact */
  cpu(): number;
  /**
   * processor time so far of all its processes, including ended ones; milliseconds, give or take
   * some tens
   */
  cpuOfAll(): number;
  /** memory of all its processes, with shared memory divided among those that share it; MB */
  pss(): number;
  /** Stops it and waits until it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts a subject in a process group of its own and waits until `/healthz` answers 200.
 * @param logFile receives what it prints
 * @throws with the end of what it printed, if it ends first or takes more than three minutes (it
 * may have to be built)
 */
export async function start(
  subject: Subject,
  logFile: string,
  env: Record<string, string>,
): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = openSync(logFile, "w");
  const child = spawn(subject.command, {
    shell: true,
    cwd: subject.directory,
    env: childEnvironment({
      PORT: String(port),
      PUBLIC_URL: url,
      WEB_CONCURRENCY: "1",
      RATE_LIMITS: "off",
      // Needed by versions that signed their cookies.
      SESSION_SECRET: "only-the-bench-knows-this-secret",
      // The peer leaves pg at its default, which reads times in the machine's zone.
      TZ: "UTC",
      ...env,
    }),
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  await once(child, "spawn");
  const group = child.pid ?? 0;
  const release = guardProcess(-group);
  const closed = once(child, "close").then(release);
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-group, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const server: Server = {
    subject,
    url,
    cpu: () => cpuOf(group),
    cpuOfAll: () => cpuOfAll(group),
    pss: () => pssOf(group),
    async stop() {
      if (processesOf(group).length === 0) return;
      signal("SIGTERM");
      const deadline = performance.now() + 15_000;
      while (processesOf(group).length > 0) {
        if (performance.now() > deadline) signal("SIGKILL");
        await setTimeout(20);
      }
      await closed;
    },
  };
  const deadline = performance.now() + 180_000;
  while (!(await isHealthy(url))) {
    if (processesOf(group).length === 0 || performance.now() > deadline) {
      await server.stop();
      throw new Error(
        `${subject.name} (${subject.command}, in ${subject.directory}) does not serve. It printed:\n${readFileSync(logFile, "utf8").slice(-4_000)}`,
      );
    }
    await setTimeout(10);
  }
  return server;
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/healthz`, {
    signal: AbortSignal.timeout(5_000),
  }).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.status === 200;
}

/** The fields of `/proc/PID/stat` after the program's name, for each running process of a group. */
function processesOf(group: number): { pid: string; fields: string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = readIfThere(`/proc/${pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const isOfGroup = fields[groupField] === String(group);
      return isOfGroup && fields[0] !== "Z" ? [{ pid, fields }] : [];
    });
}

// Source: the kernel's documentation, "Scheduler Statistics": the first number is nanoseconds on a
// processor.
function cpuOf(group: number): number {
  const threads = processesOf(group).flatMap(({ pid }) =>
    readdirSync(`/proc/${pid}/task`).map((id) => readIfThere(`/proc/${pid}/task/${id}/schedstat`)),
  );
  return sum(threads.map((text) => Number(text.split(" ", 1)[0]))) / 1e6;
}

/**
 * Processor time so far of PostgreSQL's connections to a database, recognised by their process
 * titles; milliseconds.
 */
export function cpuOfDatabase(databaseUrl: string): number {
  const title = ` ${new URL(databaseUrl).pathname.slice(1)} `;
  const connections = readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && readIfThere(`/proc/${pid}/cmdline`).includes(title),
  );
  const times = connections.map((pid) =>
    Number(readIfThere(`/proc/${pid}/schedstat`).split(" ", 1)[0]),
  );
  return sum(times) / 1e6;
}

// Source: proc_pid_stat(5). Linux reports hundredths of a second to programs, whatever its own tick
// is.
const millisecondsPerTick = 10;
const groupField = 2;
/** user and system time, its own and that of children it has waited for */
const timeFields = [11, 12, 13, 14];

function cpuOfAll(group: number): number {
  const ticks = processesOf(group).flatMap(({ fields }) =>
    timeFields.map((field) => Number(fields[field])),
  );
  return sum(ticks) * millisecondsPerTick;
}

function pssOf(group: number): number {
  const kilobytes = processesOf(group).map(({ pid }) =>
    Number(/^Pss: +(\d+)/m.exec(readIfThere(`/proc/${pid}/smaps_rollup`))?.[1]),
  );
  return sum(kilobytes) / 1024;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

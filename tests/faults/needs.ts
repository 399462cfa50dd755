import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { guardProcess } from "../support/left-behind.ts";
import { until } from "../support/load.ts";
import { scratchDirectory } from "../support/scratch.ts";

/**
 * What some faults need that not every machine has. If it is missing, the test is left out with a
 * note of why, and the run counts it as not run, never as passed.
 */

/**
 * Leaves the test out unless these programs are installed.
 * @param programs each with its package in Debian
 */
export function needs(context: TestContext, programs: Record<string, string>): void {
  const absent = Object.keys(programs).filter(
    (name) => spawnSync("which", [name]).status !== 0 && spawnSync(name, ["--version"]).error,
  );
  if (absent.length === 0) return;
  const packages = absent.map((name) => programs[name]).join(" ");
  context.skip(`needs ${absent.join(", ")}: apt-get install ${packages}`);
}

/** A separate disk of `megabytes`, in memory; it needs root on Linux. */
export function smallDisk(context: TestContext, megabytes: number): string {
  const directory = scratchDirectory("small-disk-", "/tmp");
  const { path } = directory;
  const mounted = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=1777`, "tmpfs", path],
    { encoding: "utf8" },
  );
  if (mounted.status !== 0) {
    directory.remove();
    context.skip(`needs to mount a small disk, as root on Linux: ${mounted.stderr.trim()}`);
  }
  cleanUpLater(async () => {
    execFileSync("umount", ["--lazy", path]);
    directory.remove();
  });
  return path;
}

/**
 * Makes each fsync of some processes, and of their future children, fail with EIO.
 * @returns a function that ends this
 */
export async function failFsync(
  context: TestContext,
  pids: readonly number[],
): Promise<() => Promise<void>> {
  needs(context, { strace: "strace" });
  const calls = "fsync,fdatasync,sync_file_range";
  const strace = spawn(
    "strace",
    [
      "-f",
      "-e",
      `trace=${calls}`,
      "-e",
      `inject=${calls}:error=EIO`,
      ...pids.flatMap((pid) => ["-p", String(pid)]),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const release = guardProcess(strace.pid ?? 0);
  const ended = once(strace, "close");
  let said = "";
  strace.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const end = async () => {
    strace.kill("SIGTERM");
    await ended;
    release();
  };
  cleanUpLater(end);
  const attached = () => said.match(/: Process \d+ attached/g)?.length ?? 0;
  await until("strace is there", () => attached() >= pids.length || strace.exitCode !== null);
  if (strace.exitCode !== null) context.skip(`needs ptrace: ${said.trim().split("\n")[0]}`);
  return end;
}

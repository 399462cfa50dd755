import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

/** The process ids of the children of a process. */
export async function childrenOf(parent: number): Promise<number[]> {
  if (process.platform !== "linux") {
    const list = execFileSync("ps", ["-A", "-o", "pid=,ppid="], {
      encoding: "utf8",
    });
    return list
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([pid, ppid]) => (pid && ppid === parent ? [pid] : []));
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const children = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      // The command name, in brackets, may contain anything; the parent is the second field after
      // it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(fields[1]) === parent ? [Number(pid)] : [];
    }),
  );
  return children.flat();
}

/**
 * A shell's exit code for a process whose `close` event had these arguments: 128 plus the number of
 * a signal.
 */
export function exitCodeInShell([code, signal]: unknown[]): number | null {
  return signal === "SIGINT" ? 130 : (code as number | null);
}

import { Socket } from "node:net";
import { spawn, type ChildProcess } from "node:child_process";

/**
 * A small process that cleans up if this one is killed outright: as soon as the pipe to its
 * standard input closes, it ends the processes and removes the directories that would be left
 * behind.
 */
let guard: ChildProcess | undefined;

const guardScript = `
  const { rmSync } = require("node:fs");
  const pids = new Set(), directories = new Set();
  let text = "";
  process.stdin.setEncoding("utf8").on("data", (chunk) => {
    const lines = (text += chunk).split("\\n");
    text = lines.pop();
    for (const line of lines) {
      const { add, pid, directory } = JSON.parse(line);
      const [set, item] = pid === undefined ? [directories, directory] : [pids, pid];
      if (add) set.add(item); else set.delete(item);
    }
  }).on("end", () => {
    for (const pid of pids) try { process.kill(pid, "SIGKILL"); } catch {}
    for (const directory of directories)
      try { rmSync(directory, { recursive: true, force: true, maxRetries: 20 }); } catch {}
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
`;

function tell(message: { add: boolean; pid?: number; directory?: string }) {
  if (!guard) {
    guard = spawn(process.execPath, ["-e", guardScript], {
      detached: true,
      cwd: "/",
      env: { NODE_ENV: "test" },
      stdio: ["pipe", "ignore", "ignore"],
    });
    guard.unref();
    // Otherwise a finished run would wait for its guard, which waits for the run.
    if (guard.stdin instanceof Socket) guard.stdin.unref();
  }
  guard.stdin?.write(`${JSON.stringify(message)}\n`);
}

/**
 * Makes sure that a process started by this one is killed (SIGKILL) if this one is itself killed.
 * @param pid a process id, or a negative process group id
 * @returns a function to call once the process has ended
 */
export function guardProcess(pid: number): () => void {
  tell({ add: true, pid });
  return () => tell({ add: false, pid });
}

/**
 * Makes sure that `directory` is removed if this process is killed before it could do so.
 * @returns a function to call once the directory is gone
 */
export function guardDirectory(directory: string): () => void {
  tell({ add: true, directory });
  return () => tell({ add: false, directory });
}

import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

// Plain JavaScript: scripts/run.js needs it before there is a build.

/**
 * What a process that serves needs to know.
 * @typedef {object} Prepared
 * @property {number} port
 * @property {string} publicUrl
 * @property {number} workers processes to serve with
 * @property {number} available numbers in the pool
 */

/**
 * Runs start/prepare to its end, in a process of its own, whose memory goes with it. Where that fails, it has said why,
 * and this process ends as it did.
 * @param {string} script the file of the script that is to serve; what prepares is beside it, from the sources or built
 * @param {string[]} [execArgv] this process's own if not given
 * @returns {Promise<Prepared>}
 */
export async function prepare(script, execArgv = process.execArgv) {
  const { dir, ext } = path.parse(script);
  const child = fork(path.join(dir, `start/prepare${ext}`), {
    execArgv,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.once("exit", (code, signal) => {
    // Ctrl-C reaches this process too, which says what it leaves.
    if (code === 0 || signal === "SIGINT") return;
    if (signal) process.stderr.write(`The start was ended (${signal}).\n`);
    process.exit(code ?? 1);
  });
  const [[prepared]] = await Promise.all([once(child, "message"), once(child, "exit")]);
  return prepared;
}

import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

// Plain JavaScript: scripts/run.js needs it before there is a build.

/**
 * What a serving process needs to know.
 * @typedef {object} Prepared
 * @property {number} port
 * @property {string} publicUrl
 * @property {number} workers processes to serve with
 * @property {number} available numbers in the pool
 */

/**
 * Runs start/prepare to its end, in a separate process, whose memory goes with it. If it fails, it
 * has said why, and this process ends in the same way.
 * @param {string} script the script that will serve; start/prepare is beside it, in the sources or
 * the build
 * @param {string[]} [execArgv] by default this process's own
 * @returns {Promise<Prepared>}
 */
export async function prepare(script, execArgv = process.execArgv) {
  const { dir, ext } = path.parse(script);
  const child = fork(path.join(dir, `start/prepare${ext}`), {
    execArgv,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.once("exit", (code, signal) => {
    // Ctrl-C also reaches this process, which reports it.
    if (code === 0 || signal === "SIGINT") return;
    if (signal) process.stderr.write(`The start was ended (${signal}).\n`);
    process.exit(code ?? 1);
  });
  const [[prepared]] = await Promise.all([once(child, "message"), once(child, "exit")]);
  return prepared;
}

/**
 * `npm start`: checks the environment, builds if need be, migrates, and serves; docs/operations.md says what it prints.
 * What is for people goes to stdout before the server is ready; from then on stdout is the workers' log.
 */
import process from "node:process";
import { PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import { environment, EnvironmentError } from "../app/env.server.ts";
import { BuildError, buildIfNeeded } from "./start/build.ts";
import { DatabaseUnusableError, prepareDatabase } from "./start/database.ts";
import { PortError, startWorkers, type Workers } from "./start/workers.ts";

let workers: Workers | undefined;
let stopping: Promise<void> | undefined;
let firstSignalAt = 0;

// Ctrl-C reaches this process from the terminal and from npm, which passes it on.
const sameSignal = 200;

function onSignal(signal: "SIGTERM" | "SIGINT"): void {
  if (stopping) {
    if (performance.now() - firstSignalAt < sameSignal) return;
    workers?.kill();
    process.exit(1);
  }
  firstSignalAt = performance.now();
  // Until the workers are there, nothing is half done that another start would not do again.
  if (!workers) process.exit(signal === "SIGINT" ? 130 : 143);
  stopping = workers.stop(signal).then(() => process.exit(0));
}

/** npm's shell passes no signal on: when `npm start` is ended, all that is seen here is that the parent has gone. */
function endWithNpm(): void {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    if (!stopping) onSignal("SIGTERM");
  }, 250).unref();
}

async function start(): Promise<void> {
  endWithNpm();
  const env = environment();
  const seeded = !process.env.DATABASE_URL?.trim();
  await buildIfNeeded(say);
  const available = await prepareDatabase(env.DATABASE_URL, { demoNumbers: seeded }, say);
  workers = startWorkers(env.WEB_CONCURRENCY, env.PORT);
  const port = await workers.listening;
  say(`\nReady: ${env.PUBLIC_URL}${here(env.PUBLIC_URL, port)}`);
  say(
    available === 0
      ? "The pool has no number to offer: add some with `npm run numbers -- +353861234567 …`. Ctrl-C stops the server."
      : "Open it and sign up. `npm run numbers` shows the pool and adds to it. Ctrl-C stops the server.",
  );
}

function here(publicUrl: string, port: number): string {
  const local = `http://localhost:${port}`;
  return publicUrl === local ? "" : ` (here: ${local})`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// An operator's fault or the machine's is one line; a fault of the program has its stack.
const expected = [EnvironmentError, BuildError, DatabaseUnusableError, PoolDamagedError, PortError];

// Whoever reads the output may go away, as `| head` does; the server stays.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);
try {
  await start();
} catch (error) {
  const told = expected.some((kind) => error instanceof kind);
  const text = error instanceof Error ? (told ? error.message : error.stack) : "";
  process.stderr.write(`${text || String(error)}\n`);
  workers?.kill();
  process.exit(1);
}

/**
 * `npm start`: prepares, and supervises the processes that serve; docs/operations.md says what it
 * prints. It lives as long as they do, so it keeps little in memory: preparation is a separate
 * process. What is for people goes to stdout before the server is ready; from then on stdout is the
 * workers' log.
 */
import { onNpmEnd } from "./start/npm.js";
import { prepare } from "./start/preparation.js";
import { PortError, startWorkers, type Workers } from "./start/workers.ts";

let workers: Workers | undefined;
let stopping: Promise<void> | undefined;
let firstSignalAt = 0;

// Ctrl-C reaches this process twice: from the terminal, and passed on by npm.
const sameSignal = 200;

function onSignal(signal: "SIGTERM" | "SIGINT"): void {
  if (stopping) {
    if (performance.now() - firstSignalAt < sameSignal) return;
    workers?.kill();
    process.exit(1);
  }
  firstSignalAt = performance.now();
  // Until the workers are up, the next start would redo anything left half done.
  if (!workers) {
    process.stderr.write(
      "\nStopped before it served. A migration that was not done has changed nothing.\n",
    );
    process.exit(signal === "SIGINT" ? 130 : 143);
  }
  stopping = workers.stop(signal).then(() => process.exit(0));
}

async function start(): Promise<void> {
  onNpmEnd(() => {
    if (!stopping) onSignal("SIGTERM");
  });
  const { port, publicUrl, available, ...prepared } = await prepare(import.meta.filename);
  workers = startWorkers(prepared.workers, port);
  const listening = await workers.listening;
  say(`\nReady: ${publicUrl}${here(publicUrl, listening)}`);
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

// The reader of the output may go away, as `| head` does; the server stays.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);
try {
  await start();
} catch (error) {
  // A port in use gets one line; a fault of the program gets its stack.
  const text = error instanceof PortError ? error.message : (error as Error).stack;
  process.stderr.write(`${text}\n`);
  workers?.kill();
  process.exit(1);
}

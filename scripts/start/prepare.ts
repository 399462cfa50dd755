/**
 * Everything that comes before serving: checks the environment, builds if there is no current
 * build, migrates the database. It is a separate process, which tells its parent what it found, so
 * that none of this stays in memory.
 */
import { environment, EnvironmentError } from "../../app/env.server.ts";
import { BuildError, buildIfNeeded } from "../compile/if-needed.ts";
import { DatabaseUnusableError, prepareDatabase } from "./database.ts";
import type { Prepared } from "./preparation.js";

async function prepare(): Promise<Prepared> {
  const env = environment();
  const demoNumbers = !process.env.DATABASE_URL?.trim();
  // A build runs only if it is current.
  if (import.meta.filename.endsWith(".ts")) await buildIfNeeded(say);
  const available = await prepareDatabase(env.DATABASE_URL, { demoNumbers }, say);
  return {
    port: env.PORT,
    publicUrl: env.PUBLIC_URL,
    workers: env.WEB_CONCURRENCY,
    available,
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// A fault of the operator's or the machine's gets one line; a fault of the program gets its stack.
const expected = [EnvironmentError, BuildError, DatabaseUnusableError];

// The reader of the output may go away, as `| head` does; the server stays.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.on("disconnect", () => process.exit(1));
process.channel?.unref();
try {
  process.send?.(await prepare());
} catch (error) {
  const told = expected.some((kind) => error instanceof kind);
  const text = error instanceof Error ? (told ? error.message : error.stack) : "";
  process.stderr.write(`${text || String(error)}\n`);
  process.exitCode = 1;
}

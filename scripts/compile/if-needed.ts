import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { buildState } from "./sources.js";

/** The build failed; the message is what it printed. */
export class BuildError extends Error {
  override name = "BuildError";
}

/**
 * Builds if there is no build of the current sources.
 * @param say is told of anything that takes time
 * @throws {BuildError}
 */
export async function buildIfNeeded(say: (line: string) => void): Promise<void> {
  if (buildState() === "current") return;
  await oneAtATime(async () => {
    if (buildState() === "current") return;
    say("Building…");
    await runRemix();
  });
}

// A lock that the system frees when its holder dies, unlike a mere lock file.
async function oneAtATime(work: () => Promise<void>): Promise<void> {
  const { createDatabase } = await import("../../app/db.server.ts");
  mkdirSync("build", { recursive: true });
  const lock = createDatabase("sqlite:build/.lock", {
    statementTimeout: 300_000,
  });
  try {
    // In this mode the next process can open the file while it waits.
    await lock.raw("pragma journal_mode = wal");
    await lock.raw("begin exclusive");
    await work();
  } finally {
    await lock.destroy();
  }
}

// If this process is killed, its build must not go on beside the next one's.
const endWithParent =
  'data:text/javascript,process.on("disconnect",()=>process.exit(1));process.channel.unref()';

/** The file of Remix's own command. */
export function remixCommand(): string {
  const manifest = createRequire(import.meta.url).resolve("@remix-run/dev/package.json");
  return path.join(path.dirname(manifest), "dist/cli.js");
}

async function runRemix(): Promise<void> {
  const child = spawn(process.execPath, ["--import", endWithParent, remixCommand(), "vite:build"], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let printed = "";
  const collect = (chunk: string) => (printed += chunk);
  child.stdout?.setEncoding("utf8").on("data", collect);
  child.stderr?.setEncoding("utf8").on("data", collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new BuildError(`The build failed.\n${printed.trim()}`);
}

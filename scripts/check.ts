/**
 * `npm test`: everything that must hold before a change goes in. With arguments, which are vitest's
 * (`tests/domain`), only those tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Tally } from "../tests/support/tally.ts";
import { buildState } from "./compile/sources.js";

// The terminal also sends SIGINT to the running program; with a listener this one outlives it, and
// can report.
process.on("SIGINT", () => {});

const vitestArguments = process.argv.slice(2);

function run(
  heading: string,
  [program, ...args]: [string, ...string[]],
  env: Record<string, string> = {},
): number {
  console.log(`\n== ${heading}`);
  const bin = path.resolve("node_modules/.bin", program);
  const { status, signal, error } = spawnSync(bin, args, {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, ...env },
  });
  if (error) console.error(`${program}: ${error.message}`);
  if (signal === "SIGINT" || status === 130) {
    console.error(`\nStopped: “${heading}” was not done, nor what comes after it.`);
    process.exit(130);
  }
  return status ?? 1;
}

function check(heading: string, command: [string, ...string[]]): void {
  const status = run(heading, command);
  if (status !== 0) process.exit(status);
}

if (vitestArguments.length === 0) {
  check("Formatting (prettier)", ["prettier", "--check", "."]);
  check("Linting (oxlint)", ["oxlint", "--deny-warnings"]);
  check("Types (tsc)", ["tsc", "--noEmit"]);
}
if (buildState() !== "current") {
  check("Build (remix)", ["remix", "vite:build"]);
}

const directory = mkdtempSync(path.join(tmpdir(), "tally-"));
const tallyFile = path.join(directory, "tally.json");
const status = run(
  "Tests (vitest)",
  [
    "vitest",
    "run",
    "--allowOnly=false",
    "--reporter=default",
    "--reporter=./tests/support/tally.ts",
    ...vitestArguments,
  ],
  { TALLY_FILE: tallyFile },
);
const tally: Tally = existsSync(tallyFile)
  ? (JSON.parse(readFileSync(tallyFile, "utf8")) as Tally)
  : { passed: 0, failed: 0, skipped: 0, notRun: [], tests: [] };
rmSync(directory, { recursive: true });

const { passed, failed, skipped, notRun } = tally;
// With arguments, tests are only left out on request.
const skippedUnasked = vitestArguments.length === 0 ? skipped : 0;
if (passed + failed === 0) console.error("No test was run.");
if (skippedUnasked > 0) console.error(`Skipped tests: ${skippedUnasked}.`);
for (const { name, why } of notRun) console.log(`not run: ${name}: ${why}`);
console.log(
  `${passed} passed, ${failed} failed${notRun.length > 0 ? `, ${notRun.length} not run` : ""}`,
);
process.exitCode = status || (failed > 0 || passed === 0 || skippedUnasked > 0 ? 1 : 0);

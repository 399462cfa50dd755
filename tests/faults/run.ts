/**
 * `npm run faults`: puts the program to the twenty faults of docs/reliability.md, and prints a line
 * for each. Exit code 0 only if all held. `-- --seeds N [--minutes M] [--first-seed S]` runs long
 * histories instead, and `-- --keyed N [--first-seed S]` bursts of assignments with keys, killing
 * the server in the middle of each.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildState } from "../../scripts/compile/sources.js";
import type { Tally } from "../support/tally.ts";

const twenty = [
  "SIGKILL in the middle of assignments",
  "SIGTERM under load",
  "SIGTERM with idle and slow sockets",
  "a connection cut at COMMIT",
  "a backend terminated",
  "PostgreSQL crashes and restarts",
  "PostgreSQL frozen",
  "the pool of connections exhausted",
  "fsync fails",
  "the disk is full",
  "another process holds SQLite's lock",
  "the last number for 200 at once",
  "one company and two numbers at once",
  "a choice sent twice, and again",
  "webhooks five times and out of order",
  "200 MB, chunked; five million fields",
  "500 slow sockets",
  "200 sign-ins at once",
  "an operator's SQL against the rules",
  "a stray rejection",
];

// The terminal also sends SIGINT to the running program; this one handles it when that has ended.
process.on("SIGINT", () => {
  console.error("\nStopped before it was done. Nothing is said of faults that held or failed.");
  process.exit(130);
});

/** Lets signals that came during a run be handled before its result is used. */
const signalsHeard = () => setTimeout(10);

/** The whole run, without builds. */
const atMostMinutes = 15;

async function vitest(
  args: string[],
  env: Record<string, string>,
  minutes: number,
): Promise<number> {
  const { status } = spawnSync(
    path.resolve("node_modules/.bin/vitest"),
    ["run", "--project", "faults", ...args],
    {
      stdio: ["ignore", env["FAULT_REPORT"] ? "inherit" : "ignore", "inherit"],
      env: { ...process.env, ...env },
      timeout: minutes * 60_000,
      shell: process.platform === "win32",
    },
  );
  await signalsHeard();
  return status ?? 1;
}

const wholeNumber = /^[1-9]\d{0,5}$/;

async function runHistories(seeds: string, minutes: string, first: string): Promise<number> {
  const report = path.resolve("fault-histories.json");
  rmSync(report, { force: true });
  const status = await vitest(
    ["tests/faults/histories.test.ts", "--reporter=dot"],
    {
      FAULT_SEEDS: seeds,
      FAULT_MINUTES: minutes,
      FAULT_FIRST_SEED: first,
      FAULT_REPORT: report,
    },
    Number(minutes) + 4,
  );
  if (existsSync(report)) console.log(`Written to ${report}`);
  return status;
}

async function runKeyed(seeds: string, first: string): Promise<number> {
  const directory = mkdtempSync(path.join(tmpdir(), "faults-"));
  const report = path.join(directory, "keyed");
  const status = await vitest(
    ["tests/faults/keyed-assignments.test.ts", "--reporter=dot"],
    { FAULT_SEEDS: seeds, FAULT_FIRST_SEED: first, FAULT_REPORT: report },
    4 + Number(seeds),
  );
  if (existsSync(report)) process.stdout.write(readFileSync(report, "utf8"));
  rmSync(directory, { recursive: true });
  return status;
}

async function runTwenty(): Promise<number> {
  const directory = mkdtempSync(path.join(tmpdir(), "faults-"));
  const file = path.join(directory, "tally.json");
  await vitest(
    ["-t", "fault \\d+: ", "--reporter=./tests/support/tally.ts"],
    { TALLY_FILE: file },
    atMostMinutes,
  );
  const tests = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Tally).tests : [];
  rmSync(directory, { recursive: true });
  let held = 0;
  for (const [index, name] of twenty.entries()) {
    const number = index + 1;
    const own = tests.filter((test) => test.name.startsWith(`fault ${number}: `));
    const failed = own.filter(({ state }) => state === "failed");
    const notRun = own.filter(({ state }) => state === "not run");
    const why = (of: typeof own) => [...new Set(of.map((test) => test.why))].join("; ");
    if (failed.length > 0) console.log(`${number} failed (${name}): ${why(failed)}`);
    else if (notRun.length > 0) console.log(`${number} not run (${name}): ${why(notRun)}`);
    else if (own.length === 0) {
      console.log(`${number} not run (${name}): the run did not get to it`);
    } else {
      held++;
      console.log(`${number} held (${name})`);
    }
  }
  return held === twenty.length ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    keyed: { type: "string" },
    minutes: { type: "string", default: "60" },
    "first-seed": { type: "string", default: "1" },
  },
});

async function runAsked(): Promise<number> {
  if (Object.values(values).some((number) => !wholeNumber.test(number))) {
    console.error("--seeds, --keyed, --minutes and --first-seed are whole numbers from 1.");
    return 2;
  }
  if (buildState() !== "current") {
    spawnSync(path.resolve("node_modules/.bin/remix"), ["vite:build"], {
      stdio: "ignore",
      shell: process.platform === "win32",
    });
    await signalsHeard();
  }
  const { seeds, keyed, minutes, "first-seed": first } = values;
  if (keyed !== undefined) return runKeyed(keyed, first);
  return seeds === undefined ? runTwenty() : runHistories(seeds, minutes, first);
}

process.exitCode = await runAsked();

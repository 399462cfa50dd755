import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, inject, test } from "vitest";
import { childEnvironment } from "../support/environment.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { scratchDirectory } from "../support/scratch.ts";

async function bench(args: readonly string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "bench/run.ts", ...args], {
    env: childEnvironment({ TEST_DATABASE_URL: inject("postgresUrl") }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, stdout, stderr };
}

test("a run prints the table and writes what each round measured", async () => {
  const scratch = scratchDirectory("bench-test-");
  cleanUpLater(async () => scratch.remove());
  const file = path.join(scratch.path, "figures/bench.json");
  const { exitCode, stdout, stderr } = await bench(
    `--case current --case picker --requests 40 --rounds 3 --json ${file}`.split(" "),
  );
  expect(stderr).not.toContain("Error");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/\| current \| \d.* ms \| \d.* ms \| .* \|/);
  const { figures } = JSON.parse(readFileSync(file, "utf8")) as {
    figures: { name: string; rounds: Record<string, number[]> }[];
  };
  const [current, picker] = figures;
  expect(figures).toHaveLength(2);
  expect(current).toMatchObject({ name: "current", unit: "ms" });
  expect(Object.keys(current!.rounds)).toEqual(["ours", "peer"]);
  expect(Object.keys(picker!.rounds)).toEqual(["ours"]);
  expect(current!.rounds["ours"]).toHaveLength(3);
  for (const cost of current!.rounds["ours"]!) expect(cost).toBeGreaterThan(0);
}, 120_000);

test("--help says what it does, and wrong options are one line", async () => {
  const { stdout, exitCode } = await bench(["--help"]);
  expect(stdout).toContain("npm run bench -- --baseline ../before");
  expect(exitCode).toBe(0);
  for (const [args, says] of [
    [["--case", "nothing"], /“nothing” is no case: choose from healthz, /],
    [["--rounds", "2"], /--rounds must be a whole number from 3 to 100/],
    [["--baseline", "nowhere"], /nowhere is no checkout/],
    [["--unknown"], /Unknown option '--unknown'/],
  ] as const) {
    const refused = await bench(args);
    expect(refused.stderr).toMatch(says);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
  }
});

import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError } from "vitest/node";
import type { TestModule } from "vitest/node";

/**
 * A run's results; a file that cannot be loaded or cleaned up, and an error outside any test, count
 * as failed.
 */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** tests left out because something was missing, and what that was */
  notRun: { name: string; why: string }[];
  /** every test, except those left out on request */
  tests: { name: string; state: "passed" | "failed" | "not run"; why?: string }[];
}

/**
 * A vitest reporter that writes the run's {@link Tally} as JSON to the file that TALLY_FILE names.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env["TALLY_FILE"];
    if (!file) throw new Error("TALLY_FILE is not set");
    const tally: Tally = { passed: 0, failed: errors.length, skipped: 0, notRun: [], tests: [] };
    for (const module of modules) {
      tally.failed += module.errors().length;
      for (const suite of module.children.allSuites()) {
        tally.failed += suite.errors().length;
      }
      for (const test of module.children.allTests()) {
        const { name } = test;
        const result = test.result();
        if (result.state === "passed") {
          tally.passed++;
          tally.tests.push({ name, state: "passed" });
        } else if (result.state === "failed") {
          tally.failed++;
          const why = result.errors[0]?.message.split("\n")[0] ?? "";
          tally.tests.push({ name, state: "failed", why });
        } else if (result.state === "skipped" && result.note?.startsWith("needs ")) {
          tally.notRun.push({ name, why: result.note });
          tally.tests.push({ name, state: "not run", why: result.note });
        } else {
          tally.skipped++;
        }
      }
    }
    writeFileSync(file, JSON.stringify(tally));
  }
}

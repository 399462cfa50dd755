import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError } from "vitest/node";
import type { TestModule } from "vitest/node";

/** What came of a run; a file that cannot be loaded or cleaned up, and an error outside any test, count as failed. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** A vitest reporter that writes the run's {@link Tally} as JSON to the file that TALLY_FILE names. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env["TALLY_FILE"];
    if (!file) throw new Error("TALLY_FILE is not set");
    const tally: Tally = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      tally.failed += module.errors().length;
      for (const suite of module.children.allSuites()) {
        tally.failed += suite.errors().length;
      }
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") tally.passed++;
        else if (state === "failed") tally.failed++;
        else tally.skipped++;
      }
    }
    writeFileSync(file, JSON.stringify(tally));
  }
}

import { expect } from "vitest";
import manifest from "../../package.json" with { type: "json" };

export const npmScripts: Record<string, string> = manifest.scripts;

/** Expects each command of a shell line to be npm's own or one of this project's. */
export function expectToBeRunnable(line: string): void {
  for (const command of line.split("&&").map((command) => command.trim())) {
    const script = /^npm (?:run )?([a-z:]+)/.exec(command)?.[1] ?? "";
    const runsAScript = Object.values(npmScripts).includes(command);
    if (!["ci", "prune"].includes(script) && !runsAScript) {
      expect(Object.keys(npmScripts), command).toContain(script);
    }
  }
}

import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

type Options = NonNullable<TestProjectInlineConfiguration["test"]>;

function project(
  name: string,
  { seconds, ...options }: Options & { seconds: number },
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      setupFiles: ["tests/support/setup.ts"],
      testTimeout: seconds * 1000,
      hookTimeout: seconds * 1000,
      ...options,
    },
  };
}

const browser = ["tests/browser/**/*.test.{ts,tsx}", "tests/support/browser.test.ts"];
const faults = ["tests/faults/**/*.test.{ts,tsx}"];
/** Three for two processors: the tests wait half of the time, for servers, browsers and clocks. */
const maxWorkers = 3;

// Without Remix on purpose: vitest uses this file instead of vite.config.ts, whose plugin would get
// in its way.
export default defineConfig({
  test: {
    globalSetup: ["tests/support/global-setup.ts"],
    projects: [
      project("app", {
        include: ["tests/**/*.test.{ts,tsx}"],
        exclude: [...configDefaults.exclude, ...browser, ...faults],
        seconds: 30,
        maxWorkers,
        sequence: { groupOrder: 0 },
      }),
      project("browser", {
        include: browser,
        globalSetup: ["tests/support/browser-setup.ts"],
        seconds: 120,
        maxWorkers,
        sequence: { groupOrder: 1 },
      }),
      // One at a time: a server that is killed or frozen should not also be short of processor
      // time.
      project("faults", {
        include: faults,
        globalSetup: ["tests/support/browser-setup.ts"],
        seconds: 120,
        maxWorkers: 1,
        sequence: { groupOrder: 2 },
      }),
    ],
  },
});

import { devNull } from "node:os";
import { environmentVariables } from "#app/env.server.ts";

/** What the operating system, Node and a test run need; everything else is a setting of the developer's. */
const systemVariables = [
  "PATH",
  "HOME",
  "USER",
  "TMPDIR",
  "TMP",
  "TEMP",
  "TZ",
  "LANG",
  "SystemRoot",
  "LD_LIBRARY_PATH",
];

/** The app's variables, each set to nothing, and no file to take them from: the developer's `.env` is left alone. */
export function blankAppVariables(): Record<string, string> {
  const blank = environmentVariables
    // The kind of run is not a setting.
    .filter((name) => name !== "NODE_ENV")
    .map((name) => [name, ""]);
  return { ...Object.fromEntries(blank), ENV_FILE: devNull };
}

/** An environment for a child process: the system's variables, none of the developer's settings, then `given`. */
export function childEnvironment(given: Record<string, string> = {}): NodeJS.ProcessEnv {
  const system = systemVariables.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(system),
    ...blankAppVariables(),
    NODE_ENV: "production" as const,
    ...given,
  };
}

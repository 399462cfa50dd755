import { devNull } from "node:os";
import { environmentVariables } from "#app/env.server.ts";

/**
 * What the operating system, Node and a test run need; everything else is the developer's own
 * setting.
 */
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

/**
 * The app's variables, each set to nothing, and no file to read them from, so the developer's
 * `.env` plays no part.
 */
export function blankAppVariables(): Record<string, string> {
  const blank = environmentVariables
    // NODE_ENV is not a setting of the app's.
    .filter((name) => name !== "NODE_ENV")
    .map((name) => [name, ""]);
  return { ...Object.fromEntries(blank), ENV_FILE: devNull };
}

/**
 * A child process's environment: the system's variables and `given`, but none of the developer's
 * settings.
 */
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

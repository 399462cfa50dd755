import { spawn } from "node:child_process";
import { childEnvironment } from "./environment.ts";

export interface ScriptRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `scripts/NAME.ts` as `npm run` does, in a separate process, with `input` on its stdin. */
export async function runScript(
  name: string,
  args: string[],
  {
    env = {},
    input = "",
    cwd = process.cwd(),
  }: { env?: Record<string, string>; input?: string; cwd?: string } = {},
): Promise<ScriptRun> {
  const child = spawn(process.execPath, ["scripts/run.js", name, ...args], {
    cwd,
    env: childEnvironment(env),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  child.stdin.end(input);
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, stdout, stderr };
}

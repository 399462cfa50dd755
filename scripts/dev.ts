/**
 * `npm run dev`: prepares the database as `npm start` does, then starts Vite's server with hot
 * reload on PORT. It serves only this machine, and pages without the Content-Security-Policy, which
 * hot reload would violate.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { environment, EnvironmentError } from "../app/env.server.ts";
import { remixCommand } from "./compile/if-needed.ts";
import { DatabaseUnusableError, prepareDatabase } from "./start/database.ts";
import { onNpmEnd } from "./start/npm.js";

let vite: ChildProcess | undefined;

const stop = (signal: "SIGINT" | "SIGTERM") => {
  if (vite) {
    vite.kill(signal);
    return;
  }
  process.stderr.write(
    "\nStopped before it served. A migration that was not done has changed nothing.\n",
  );
  process.exit(signal === "SIGINT" ? 130 : 143);
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
onNpmEnd(() => stop("SIGTERM"));
try {
  const { DATABASE_URL, PORT } = environment();
  const demoNumbers = !process.env.DATABASE_URL?.trim();
  await prepareDatabase(DATABASE_URL, { demoNumbers }, (line) => console.log(line));
  vite = spawn(
    process.execPath,
    [remixCommand(), "vite:dev", "--port", String(PORT), "--strictPort"],
    { stdio: "inherit", env: { ...process.env, NODE_ENV: "development" } },
  );
  vite.once("exit", (code, signal) => (process.exitCode = signal ? 0 : (code ?? 1)));
} catch (error) {
  const told = error instanceof EnvironmentError || error instanceof DatabaseUnusableError;
  if (!told) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

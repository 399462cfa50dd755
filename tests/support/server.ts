import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { cleanUpLater } from "./clean-up.ts";
import { childEnvironment } from "./environment.ts";
import { freePort } from "./free-port.ts";
import { guardProcess } from "./left-behind.ts";

export interface ServerOptions {
  databaseUrl: string;
  /** more variables; the server sees none of the developer's own */
  env?: Record<string, string>;
  /** by default a free one */
  port?: number;
  script?: "start" | "serve-remix";
  /** gets all the output so far, whenever there is more */
  onOutput?: (printed: string) => void;
  /** where it runs, with a `scripts/run.js`; by default this checkout */
  cwd?: string;
}

/** The app, running as a separate process. */
export interface AppServer {
  /** `http://localhost:PORT`, also its PUBLIC_URL unless `env` says otherwise */
  url: string;
  pid: number;
  process: ChildProcess;
  /** everything that it has printed, on either stream */
  output(): string;
  /**
   * Sends `signal` (by default SIGTERM) and waits until it has ended; after 20 seconds it is
   * killed.
   * @returns its exit code, null if a signal ended it
   */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Kills it and all its children (SIGKILL). */
  kill(): Promise<void>;
}

/**
 * Runs what `npm start` runs (or another script that serves) on an existing build, and waits until
 * `/healthz` answers
 * 200. It is killed when the test, or the file that started it in a `beforeAll`, is over. Rate
 * limits are off, unless `env` turns them on.
 * @throws with what the server printed, if it ends first or takes more than 60 seconds
 */
export async function startServer({
  databaseUrl,
  env = {},
  port,
  script = "start",
  onOutput,
  cwd = process.cwd(),
}: ServerOptions): Promise<AppServer> {
  const chosenPort = port ?? (await freePort());
  const child = spawn(process.execPath, ["scripts/run.js", script], {
    cwd,
    env: childEnvironment({
      DATABASE_URL: databaseUrl,
      PORT: String(chosenPort),
      RATE_LIMITS: "off",
      ...env,
    }),
    // Its own process group, so that its children can be killed with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  const group = process.platform === "win32" ? pid : -pid;
  const release = guardProcess(group);

  let printed = "";
  const collect = (chunk: string) => {
    printed += chunk;
    onOutput?.(printed);
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  let over = false;
  const closed = once(child, "close").then(() => {
    over = true;
    release();
  });

  const killGroup = () => {
    try {
      process.kill(group, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const server: AppServer = {
    url: `http://localhost:${chosenPort}`,
    pid,
    process: child,
    output: () => printed,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const patience = AbortSignal.timeout(20_000);
      patience.addEventListener("abort", killGroup);
      await closed;
      patience.removeEventListener("abort", killGroup);
      return child.exitCode;
    },
    async kill() {
      if (!over) killGroup();
      await closed;
    },
  };
  cleanUpLater(() => server.kill());

  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(`${server.url}/healthz`, {
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined);
    if (answer?.status === 200) return server;
    if (over || Date.now() > deadline) {
      const what = over
        ? `ended with exit code ${child.exitCode}`
        : "did not get ready within 60 seconds";
      await server.kill();
      throw new Error(`The server ${what}. It printed:\n${printed}`);
    }
    await setTimeout(50);
  }
}

import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import pg from "pg";
import { childrenOf } from "./children.ts";
import { cleanUpLater } from "./clean-up.ts";
import { freePort } from "./free-port.ts";
import { guardProcess } from "./left-behind.ts";
import {
  directoryFor,
  findBinaries,
  unprivilegedAccount,
  type Binaries,
} from "./postgres-program.ts";
import { memoryDirectory } from "./scratch.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** a server where databases may be created: TEST_DATABASE_URL, or our own's `postgres` */
    postgresUrl: string;
  }
}

/** A test's own PostgreSQL server, on 127.0.0.1. */
export interface PostgresServer {
  /** `postgres://…` of its `postgres` database, as superuser; the same after a restart */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** the postmaster's process id, undefined while it is down */
  readonly pid: number | undefined;
  /** Shuts it down in order, cutting connections ("fast"). The data stay. */
  stop(): Promise<void>;
  /**
   * Kills all its processes at once (SIGKILL), as if the machine had failed. The data stay as they
   * are.
   */
  crash(): Promise<void>;
  /** Starts it again on the same port and data, and waits until it takes connections. */
  start(): Promise<void>;
  /** Halts all its processes (SIGSTOP): connections stay open and nothing answers. */
  freeze(): Promise<void>;
  /** Lets a frozen server continue. */
  thaw(): Promise<void>;
  /** Stops it and removes the data. */
  remove(): Promise<void>;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface PostgresOptions {
  /**
   * the directory for its data, with write-ahead log in segments of 1 MB; a temporary one by
   * default
   */
  dataIn?: string;
}

async function createServer(
  durable: boolean,
  { dataIn }: PostgresOptions = {},
): Promise<PostgresServer> {
  const account = unprivilegedAccount();
  const directory = directoryFor(account);
  const dataDirectory =
    durable && !dataIn ? directory : directoryFor(account, dataIn ?? memoryDirectory());
  const removeDirectories = () => {
    directory.remove();
    dataDirectory.remove();
  };
  const dataDir = path.join(dataDirectory.path, "data");
  const password = randomBytes(12).toString("hex");
  const env = {
    PATH: process.env["PATH"] ?? "",
    LC_ALL: "C",
    TZ: "UTC",
    NODE_ENV: "test" as const,
  };
  const spawnOptions = { ...account, cwd: directory.path, env };

  let port = 0;
  let everStarted = false;
  let postmaster: ChildProcess | undefined;
  let frozen: { pid: number; release: () => void }[] = [];

  async function run(programs: Binaries): Promise<void> {
    const child = spawn(
      programs.postgres,
      [
        ["-D", dataDir],
        ["-p", String(port)],
        ["-c", "listen_addresses=127.0.0.1"],
        ["-c", "unix_socket_directories="],
        ["-c", "max_connections=200"],
        ["-c", "dynamic_shared_memory_type=mmap"],
        ...(dataIn ? [["-c", "min_wal_size=2MB"]] : []),
        ["-c", `fsync=${durable ? "on" : "off"}`],
        ["-c", `synchronous_commit=${durable ? "on" : "off"}`],
        ["-c", `full_page_writes=${durable ? "on" : "off"}`],
      ].flat(),
      { ...spawnOptions, detached: true, stdio: ["ignore", "ignore", "pipe"] },
    );
    const release = child.pid ? guardProcess(child.pid) : () => {};
    const tooLate = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.once("exit", () => {
      release();
      if (postmaster === child) postmaster = undefined;
    });
    await new Promise<void>((resolve, reject) => {
      let log = "";
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        log = (log + chunk).slice(-4_000);
        if (log.includes("ready to accept connections")) resolve();
      });
      child.once("error", reject);
      child.once("close", () => {
        const reason = /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? log.trim();
        reject(new Error(reason || "it did not get ready within 60 seconds"));
      });
    }).finally(() => clearTimeout(tooLate));
    postmaster = child;
    everStarted = true;
  }

  /**
   * A port that was free may be taken by now, and killed processes may not have released their
   * memory yet.
   */
  async function runWithPatience(programs: Binaries): Promise<void> {
    for (let attempt = 1; !postmaster; attempt++) {
      if (!everStarted) port = await freePort();
      await run(programs).catch(async (error: Error) => {
        const passing = /TCP\/IP sockets|shared memory block/.test(error.message);
        if (!passing || attempt === 20) throw error;
        await setTimeoutPromise(100);
      });
    }
  }

  const exited = async (child: ChildProcess) => {
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, "exit");
    }
  };

  let programs: Binaries;
  try {
    programs = await findBinaries(account, directory.path);
    const passwordFile = path.join(directory.path, "password");
    await writeFile(passwordFile, password, { mode: 0o644 });
    const initdb = spawn(
      programs.initdb,
      [
        `--pgdata=${dataDir}`,
        "--username=postgres",
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=icu",
        // A language's own sort order, as on most servers, and unlike SQLite's.
        "--icu-locale=en-US",
        ...(durable ? [] : ["--no-sync"]),
        ...(dataIn ? ["--wal-segsize=1"] : []),
      ],
      { ...spawnOptions, stdio: ["ignore", "ignore", "pipe"] },
    );
    let complaint = "";
    initdb.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      complaint += chunk;
    });
    const [code] = (await once(initdb, "close")) as [number | null];
    if (code !== 0) {
      throw new Error(/error: (.*)/.exec(complaint)?.[1] ?? complaint.trim());
    }
    await runWithPatience(programs);
  } catch (error) {
    removeDirectories();
    throw error;
  }

  const server: PostgresServer = {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    dataDir,
    get pid() {
      return postmaster?.pid;
    },
    async stop() {
      const child = postmaster;
      if (!child?.pid) return;
      await server.thaw();
      signal(child.pid, "SIGINT");
      await exited(child);
    },
    async crash() {
      const child = postmaster;
      if (!child?.pid) return;
      await server.freeze();
      for (const { pid } of frozen) signal(pid, "SIGKILL");
      await exited(child);
      for (const { release } of frozen) release();
      frozen = [];
    },
    async start() {
      await runWithPatience(programs);
    },
    async freeze() {
      if (!postmaster?.pid || frozen.length > 0) return;
      // The postmaster first, so that it starts no new child while the others are being listed.
      signal(postmaster.pid, "SIGSTOP");
      const children = await childrenOf(postmaster.pid);
      for (const pid of children) signal(pid, "SIGSTOP");
      frozen = [...children, postmaster.pid].map((pid) => ({
        pid,
        release: pid === postmaster?.pid ? () => {} : guardProcess(pid),
      }));
    },
    async thaw() {
      for (const { pid, release } of frozen.splice(0)) {
        signal(pid, "SIGCONT");
        release();
      }
    },
    async remove() {
      await server.stop();
      removeDirectories();
    },
  };
  return server;
}

const advice =
  "Set TEST_DATABASE_URL to a PostgreSQL server where databases may be created, such as postgres://postgres:secret@127.0.0.1:5432/postgres.";

async function createServerOrSayWhy(
  durable: boolean,
  options?: PostgresOptions,
): Promise<PostgresServer> {
  return createServer(durable, options).catch((error: Error) => {
    throw new Error(
      `PostgreSQL cannot start here: ${error.message.replaceAll(/\s+/g, " ")}. ${advice}`,
    );
  });
}

/**
 * Starts a test's own PostgreSQL 18, with `fsync` on, to be stopped, crashed or frozen.
 * It is removed when the test, or the file that started it in a `beforeAll`, is over.
 * @throws one line that says what to do, if it cannot start
 */
export async function startPostgres(options?: PostgresOptions): Promise<PostgresServer> {
  const server = await createServerOrSayWhy(true, options);
  cleanUpLater(() => server.remove());
  return server;
}

/**
 * The server that all tests of a run share: the one that `testDatabaseUrl` names, or else a new one
 * without `fsync`.
 * @returns its address, and a function to call when the run is over
 * @throws one line that says what to do, if there is none
 */
export async function sharedPostgres(
  testDatabaseUrl: string | undefined,
): Promise<{ url: string; stop(): Promise<void> }> {
  if (!testDatabaseUrl) {
    const server = await createServerOrSayWhy(false);
    return { url: server.url, stop: () => server.remove() };
  }
  const refuse = (reason: string) =>
    new Error(
      `TEST_DATABASE_URL does not work: ${reason}. ${advice} Without it, \`npm test\` starts the PostgreSQL that \`npm install\` brings.`,
    );
  const client = new pg.Client({
    connectionString: testDatabaseUrl,
    connectionTimeoutMillis: 5_000,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ allowed: boolean }>(
      "select rolcreatedb or rolsuper as allowed from pg_roles where rolname = current_user",
    );
    if (!rows[0]?.allowed) throw new Error("its user may not create databases");
  } catch (error) {
    throw refuse((error as Error).message || (error as NodeJS.ErrnoException).code || "");
  } finally {
    await client.end().catch(() => {});
  }
  return { url: testDatabaseUrl, stop: async () => {} };
}

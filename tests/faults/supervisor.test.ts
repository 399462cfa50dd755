import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { expect, inject, test } from "vitest";
import { poolStatus } from "#app/domain/pool.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, createTestDatabase, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { guardProcess } from "../support/left-behind.ts";
import { exchange, inParallel, signedInCompanies, tryToAssign, until } from "../support/load.ts";
import { logLine, logLines, workerPid } from "../support/processes.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startServer, type AppServer } from "../support/server.ts";
import { strayRejectionAtSigusr2 } from "../support/strays.ts";
import {
  IncomingCall,
  sendSigned,
  twilioVariables,
  verbsFrom,
} from "../support/twilio-webhooks.ts";
import { expectHeld } from "./checker.ts";

/** What an `npm start` that ended by itself did. */
interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs what `npm start` runs, in cases where it should not serve. */
async function start(env: Record<string, string>, cwd = process.cwd()): Promise<Ended> {
  const child = spawn(process.execPath, ["scripts/run.js", "start"], {
    cwd,
    env: childEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const release = guardProcess(child.pid ?? 0);
  cleanUpLater(async () => child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  await once(child, "close");
  release();
  return { code: child.exitCode, stdout, stderr };
}

async function healthy(server: AppServer): Promise<boolean> {
  const answer = await exchange(`${server.url}/healthz`).catch(() => undefined);
  return answer?.status === 200;
}

test.for([
  [{ PORT: "no" }, "PORT must be a whole number from 0 to 65535."],
  [{ DATABASE_URL: "mysql://u:hunter22@h/d" }, /^DATABASE_URL must be .*\.$/],
  [
    { DATABASE_URL: "sqlite:./tests/support/load.ts" },
    /^DATABASE_URL: \.\/tests\/support\/load\.ts is no SQLite file/,
  ],
] as const)("%o does not start: one line, exit code 1", async ([env, line]) => {
  const { code, stderr } = await start(env);
  expect(code).toBe(1);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(stderr.trimEnd()).toMatch(line);
  expect(stderr).not.toContain("hunter22");
});

test("a PostgreSQL that refuses, or has no such database, is one line without the password", async () => {
  const wrongPassword = new URL(inject("postgresUrl"));
  wrongPassword.password = "hunter22";
  const noDatabase = new URL(inject("postgresUrl"));
  noDatabase.pathname = "/nowhere_at_all";
  for (const [url, reason] of [
    [wrongPassword, "refuses the user or the password"],
    [noDatabase, "has no database of that name"],
  ] as const) {
    const { code, stdout, stderr } = await start({
      DATABASE_URL: url.href,
      PORT: String(await freePort()),
    });
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain(reason);
    for (const password of [url.password, "hunter22"]) {
      expect(stdout + stderr).not.toContain(password);
    }
  }
});

test("a PostgreSQL that starts up a little later is waited for", async () => {
  const port = await freePort();
  const { url: databaseUrl } = await createTestDatabase("postgres");
  const later = new URL(databaseUrl);
  const real = { host: later.hostname, port: Number(later.port) };
  [later.hostname, later.port] = ["127.0.0.1", String(port)];
  let printed = "";
  const starting = startServer({
    databaseUrl: later.href,
    onOutput: (all) => (printed = all),
  });
  const { createConnection } = await import("node:net");
  await until("it waits", () => printed.includes("Waiting for the database"), 60);
  const door = createServer((socket) => {
    const through = createConnection(real);
    socket.pipe(through).pipe(socket);
    for (const end of [socket, through]) end.on("error", () => {});
  }).listen(port, "127.0.0.1");
  cleanUpLater(async () => door.close());
  const server = await starting;
  expect(server.output()).not.toContain(later.password);
});

test("a port that is taken is one line, exit code 1", async () => {
  const taken = createServer().listen(0);
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const { url } = await createTestDatabase("sqlite");
  const { code, stderr } = await start({
    DATABASE_URL: url,
    PORT: String(port),
  });
  taken.close();
  expect(code).toBe(1);
  expect(stderr.trimEnd()).toMatch(new RegExp(`^PORT ${port} is in use by another program; .*$`));
});

test("two servers started at once on one empty PostgreSQL both come up, and one outlives the other", async () => {
  const { url: databaseUrl } = await createTestDatabase("postgres");
  const [one, other] = await Promise.all([
    startServer({ databaseUrl }),
    startServer({ databaseUrl }),
  ]);
  const db = openDatabase(databaseUrl);
  expect(await poolStatus(db)).toMatchObject({ available: 0 });
  const numbers = await fillPool(db, 200);
  const companies = await signedInCompanies(db, 200);
  let answered = 0;
  const tries = await inParallel(companies, 10, async (company, index) => {
    const { url } = index % 2 === 0 ? one : other;
    const result = await tryToAssign(url, company, numbers[index]!);
    if (++answered === 60) await one.kill();
    return result;
  });
  await expectHeld(db, tries);
  const ofOther = tries.filter((_, index) => index % 2 === 1);
  expect(new Set(ofOther.map(({ told }) => told))).toEqual(new Set(["ok"]));
  // Companies that were cut off ask the other server, and get the same number.
  const again = await inParallel(
    tries.filter(({ told }) => told === "unknown"),
    10,
    ({ company, phoneNumber }) => tryToAssign(other.url, company, phoneNumber),
  );
  expect(again.length).toBeGreaterThan(0);
  expect(new Set(again.map(({ told }) => told))).toEqual(new Set(["ok"]));
  await expectHeld(db, [...tries, ...again]);
});

test("fault 20: a stray rejection ends the worker with a line that holds no secret, and another takes its place", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const server = await startServer({
    databaseUrl,
    env: {
      ...twilioVariables,
      NODE_OPTIONS: strayRejectionAtSigusr2("stray, of postgres://app:hunter22@db/app\n{}"),
    },
  });
  const ring = (path: string) =>
    sendSigned(server.url, path, new IncomingCall("+353860000000").fields("ringing"));
  await verbsFrom(await ring("/twilio/voice"));
  const pid = await workerPid(server);
  process.kill(pid, "SIGUSR2");
  const line = await logLine(server, "the end", ({ level }) => level === "fatal");
  expect(line).toMatchObject({
    pid,
    err: { type: "Error", message: "stray, of postgres://***@db/app\n{}" },
  });
  expect(server.output()).not.toContain("hunter22");
  // A call meanwhile is refused at first; Twilio then asks the fallback, which answers as soon as
  // it can.
  let verbs: unknown[] = [];
  await until("the fallback answers", async () => {
    const answer = await ring("/twilio/voice/fallback").catch(() => undefined);
    verbs = answer ? await verbsFrom(answer) : [];
    return verbs.length > 0;
  });
  await until("another worker serves", () => healthy(server));
  expect(await workerPid(server)).not.toBe(pid);
  expect(
    logLines(server).some(({ msg }) =>
      /^Worker 1 ended \(exit code 1\); starting again in 100 ms\.$/.test(String(msg)),
    ),
  ).toBe(true);
  expect(await server.stop()).toBe(0);
});

test("the supervisor keeps nothing of the preparation in memory", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const script = `import Module from "node:module";process.on("SIGUSR2",()=>process.stderr.write("Modules: "+Object.keys(Module._cache)+".\\n"))`;
  const server = await startServer({
    databaseUrl,
    env: {
      NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`,
    },
  });
  const worker = await workerPid(server);
  process.kill(worker, "SIGUSR2");
  await until("a worker names its modules", () => server.output().includes("node_modules/knex/"));
  process.kill(server.pid, "SIGUSR2");
  await until("the supervisor has none", () => server.output().includes("Modules: .\n"));
});

test("several workers share one port, and one that is killed is replaced while the others serve", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const server = await startServer({
    databaseUrl,
    env: { WEB_CONCURRENCY: "2" },
  });
  // Each connection goes to the next worker.
  const pids = new Set([await workerPid(server)]);
  await until("both workers answer", async () => {
    await exchange(`${server.url}/healthz`);
    for (const { pid, msg } of logLines(server)) {
      if (msg === "request") pids.add(pid as number);
    }
    return pids.size === 2;
  });
  const [killed = 0] = pids;
  process.kill(killed, "SIGKILL");
  await logLine(server, "its end", ({ msg }) => String(msg).includes("ended (SIGKILL)"));
  const answers: number[] = [];
  await until("the other is back", async () => {
    answers.push((await exchange(`${server.url}/healthz`)).status);
    for (const { pid, msg } of logLines(server)) {
      if (msg === "request") pids.add(pid as number);
    }
    return pids.size === 3;
  });
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(await server.stop()).toBe(0);
});

test("a worker that keeps dying is reported, and restarted less and less often", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const scratch = scratchDirectory("never-up-");
  const allowed = path.join(scratch.path, "workers-may-live");
  writeFileSync(allowed, "");
  const script = `import{existsSync}from"node:fs";if(process.env.WORKER_SLOT&&!existsSync(${JSON.stringify(allowed)}))process.exit(3)`;
  const server = await startServer({
    databaseUrl,
    env: {
      NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`,
    },
  });
  const pid = await workerPid(server);
  scratch.remove();
  process.kill(pid, "SIGKILL");
  const line = await logLine(server, "a worker that never lives", ({ msg }) =>
    String(msg).includes("times in a row"),
  );
  expect(line).toMatchObject({ level: "error", worker: 1 });
  const pauses = logLines(server).flatMap(({ msg }) => {
    const pause = /again in (\d+) ms/.exec(String(msg))?.[1];
    return pause === undefined ? [] : [Number(pause)];
  });
  expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
});

test("two first starts at once in one folder make one build, and a start without changes makes none", async () => {
  const scratch = scratchDirectory("two-starts-");
  cleanUpLater(async () => scratch.remove());
  for (const name of readdirSync(".")) {
    if (/^(app|migrations|seeds|scripts|public)$|\.(ts|js|json)$/.test(name)) {
      cpSync(name, path.join(scratch.path, name), { recursive: true });
    }
  }
  symlinkSync(path.resolve("node_modules"), path.join(scratch.path, "node_modules"));
  // The database cannot be used, so each start ends after its build.
  const env = { DATABASE_URL: "sqlite:./package.json" };
  const both = await Promise.all([start(env, scratch.path), start(env, scratch.path)]);
  expect(both.map(({ stderr }) => stderr.trim())).toEqual(
    Array(2).fill(expect.stringContaining("is no SQLite file")),
  );
  expect(both.map(({ stdout }) => stdout).sort()).toEqual(["", "Building…\n"]);
  expect(existsSync(path.join(scratch.path, "build/server/index.js"))).toBe(true);
  expect(await start(env, scratch.path)).toMatchObject({ stdout: "" });

  writeFileSync(path.join(scratch.path, "app/http/answers.server.ts"), "export const broken = ;");
  const broken = await start(env, scratch.path);
  expect(broken.code).toBe(1);
  expect(broken.stderr).toContain("The build failed.");
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { proveAssignmentRules } from "#app/doctor/proof.server.ts";
import { Counter } from "#app/http/counter.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, createTestDatabase, openDatabase } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { guardProcess } from "../support/left-behind.ts";
import { exchange, inParallel, signedInCompanies, tryToAssign, until } from "../support/load.ts";
import { directoryFor, unprivilegedAccount } from "../support/postgres-program.ts";
import { runScript } from "../support/script.ts";
import { startServer } from "../support/server.ts";
import { accountSid, useEnvironment } from "../support/twilio-webhooks.ts";
import { expectHeld } from "./checker.ts";
import { needs } from "./needs.ts";

/** Starts PgBouncer in transaction mode, with three connections in all, in front of a database. */
async function startPgBouncer(databaseUrl: string): Promise<string> {
  const real = new URL(databaseUrl);
  const port = await freePort();
  // Like PostgreSQL, it refuses to run as root.
  const account = unprivilegedAccount();
  const directory = directoryFor(account);
  const settings = path.join(directory.path, "pgbouncer.ini");
  writeFileSync(
    settings,
    `[databases]
app = host=${real.hostname} port=${real.port || 5432} dbname=${real.pathname.slice(1)} user=${real.username} password=${decodeURIComponent(real.password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
server_reset_query =
`,
  );
  const child = spawn("pgbouncer", [settings], {
    ...account,
    cwd: directory.path,
    stdio: "ignore",
  });
  const release = guardProcess(child.pid ?? 0);
  const ended = once(child, "exit");
  cleanUpLater(async () => {
    child.kill("SIGKILL");
    await ended;
    release();
    directory.remove();
  });
  await until("PgBouncer listens", async () => {
    const socket = createConnection(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    return open;
  });
  return `postgres://app:unused@127.0.0.1:${port}/app?pgbouncer=true`;
}

test("behind PgBouncer in transaction mode two servers migrate, serve and lose nothing when its connections go", async (context) => {
  needs(context, { pgbouncer: "pgbouncer" });
  const { url } = await createTestDatabase("postgres");
  const pooled = await startPgBouncer(url);
  const [one, other] = await Promise.all([
    startServer({ databaseUrl: pooled }),
    startServer({ databaseUrl: pooled }),
  ]);
  const db = openDatabase(url);
  const numbers = await fillPool(db, 200);
  const companies = await signedInCompanies(db, 200);
  let answered = 0;
  const tries = await inParallel(companies, 16, async (company, index) => {
    const server = index % 2 === 0 ? one : other;
    const result = await tryToAssign(server.url, company, numbers[index]!);
    if (++answered === 100) {
      await db.raw(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
    }
    return result;
  });
  await expectHeld(db, tries);
  expect(tries.filter(({ told }) => told === "failed")).toEqual([]);
  const again = await inParallel(tries, 8, ({ company, phoneNumber }) =>
    tryToAssign(one.url, company, phoneNumber),
  );
  expect(new Set(again.map(({ told }) => told))).toEqual(new Set(["ok"]));
  for (const server of [one, other]) {
    expect((await exchange(`${server.url}/readyz`)).status).toBe(200);
  }
  const proofs = await proveAssignmentRules(openDatabase(pooled));
  expect(proofs.filter(({ failure }) => failure !== undefined)).toEqual([]);
  expect(await one.stop()).toBe(0);
});

test("tries are counted in the database behind PgBouncer too, however many come at once", async (context) => {
  needs(context, { pgbouncer: "pgbouncer" });
  const { url } = await createMigratedDatabase("postgres");
  useEnvironment({ DATABASE_URL: await startPgBouncer(url) });
  const counter = new Counter("pooled", { points: 10, seconds: 900 });
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () => counter.spend("somebody")),
  );
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  const rows = await openDatabase(url)("rate_limits").select("points");
  expect(rows).toEqual([{ points: expect.toSatisfy((points: number) => points >= 20) }]);
});

test("without ?pgbouncer=true the start and every command say at once what is missing", async (context) => {
  needs(context, { pgbouncer: "pgbouncer" });
  const { url } = await createMigratedDatabase("postgres");
  const pooled = (await startPgBouncer(url)).replace("?pgbouncer=true", "");
  for (const [script, args] of [
    ["start", []],
    ["migrate", []],
    ["add-phone-numbers", []],
    ["test-phone-assignment", []],
    ["doctor", ["--offline"]],
    ["companies", []],
    ["calls", ["erase", "--caller", "+353871112222"]],
    ["audit", []],
    ["export", []],
    ["work", ["--once"]],
    ["sync-twilio-numbers", []],
  ] as const) {
    const began = performance.now();
    const { exitCode, stdout, stderr } = await runScript(script, [...args], {
      env: {
        DATABASE_URL: pooled,
        PUBLIC_URL: "https://numbers.example.com",
        TWILIO_ACCOUNT_SID: accountSid,
        TWILIO_AUTH_TOKEN: "a-token-for-tests",
      },
    });
    expect([script, exitCode]).toEqual([script, script === "doctor" ? 4 : 1]);
    expect(stdout + stderr, script).toContain("DATABASE_URL needs ?pgbouncer=true");
    expect(performance.now() - began).toBeLessThan(10_000);
  }
});

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { expect, test } from "vitest";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { exchange, inParallel, signedInCompanies, until } from "../support/load.ts";
import { megabytes, workerPid } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";

/** How much memory many clients at once take; docs/reliability.md has the figures. */

interface Measured {
  server: AppServer;
  /** the most megabytes that the worker has taken on since the beginning */
  more: () => number;
}

/**
 * A server that has answered enough to have loaded its code, and whose memory is watched from then
 * on.
 */
async function measured(databaseUrl: string): Promise<Measured & { end: () => void }> {
  const server = await startServer({ databaseUrl, env: { RATE_LIMITS: "on" } });
  const pid = await workerPid(server);
  for (let i = 0; i < 300; i++) await exchange(`${server.url}/login`);
  const before = megabytes(pid);
  let highest = before;
  const look = () => (highest = Math.max(highest, megabytes(pid)));
  const looks = setInterval(look, 100);
  return {
    server,
    more: () => look() - before,
    end: () => clearInterval(looks),
  };
}

function told(what: string, megabytes: number): void {
  process.stdout.write(`${what} took ${Math.round(megabytes)} MB\n`);
}

test("500 event streams are open at once, take little memory, and end with their clients", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const db = openDatabase(databaseUrl);
  const companies = await signedInCompanies(db, 500);
  const { server, more, end } = await measured(databaseUrl);
  const agent = new http.Agent({ maxSockets: Infinity });
  const streams = await inParallel(companies, 50, async ({ cookie }) => {
    const request = http.get(`${server.url}/dashboard/ring-test`, {
      headers: { Cookie: cookie },
      agent,
    });
    request.on("error", () => {});
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    response.on("error", () => {});
    expect(response.statusCode).toBe(200);
    await once(response, "data");
    return request;
  });
  const askedAt = performance.now();
  expect((await exchange(`${server.url}/healthz`)).status).toBe(200);
  expect(performance.now() - askedAt).toBeLessThan(2_000);
  told("500 event streams", more());
  expect(more()).toBeLessThan(100);
  end();
  for (const request of streams) request.destroy();
  const asked = async () =>
    (
      await db.raw<{ rows: { xact_commit: string }[] }>(
        "select xact_commit from pg_stat_database where datname = current_database()",
      )
    ).rows[0]!.xact_commit;
  // The statistics are updated every second; 500 streams would make 500 queries in each.
  await until("nobody asks the database for the streams any more", async () => {
    const before = Number(await asked());
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return Number(await asked()) - before < 100;
  });
  expect(await server.stop()).toBe(0);
});

test("500 sockets that send nothing more take little memory", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { server, more, end } = await measured(databaseUrl);
  const { hostname, port } = new URL(server.url);
  const sockets = await inParallel(Array.from({ length: 500 }), 50, async () => {
    const socket = net.connect(Number(port), hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nemail=");
    return socket;
  });
  expect((await exchange(`${server.url}/healthz`)).status).toBe(200);
  told("500 slow sockets", more());
  expect(more()).toBeLessThan(60);
  end();
  for (const socket of sockets) socket.destroy();
  expect(await server.stop()).toBe(0);
});

test("10,000 sign-ins that are sent at once take bounded memory, and most are told to wait", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { server, more, end } = await measured(databaseUrl);
  const statuses = await inParallel(
    Array.from({ length: 10_000 }, (_, i) => i),
    2_500,
    (i) =>
      exchange(`${server.url}/api/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: `nobody${i}@example.com`, password: "a wrong password" }),
        timeout: 60_000,
      }).then(
        ({ status }) => status,
        (error: NodeJS.ErrnoException) => error.code,
      ),
  );
  told("10,000 sign-ins", more());
  const counted: Record<string, number> = {};
  for (const status of statuses) counted[String(status)] = (counted[String(status)] ?? 0) + 1;
  process.stdout.write(`10,000 sign-ins were answered ${JSON.stringify(counted)}\n`);
  // On a busy machine some wait too long for their turn to send, or are cut off.
  const possible = ["401", "429", "408", "503", "ECONNRESET"];
  expect(Object.keys(counted).filter((status) => !possible.includes(status))).toEqual([]);
  expect(counted["401"]).toBeGreaterThan(0);
  expect(counted["429"]).toBeGreaterThan(5_000);
  expect(more()).toBeLessThan(250);
  end();
  expect((await exchange(`${server.url}/healthz`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

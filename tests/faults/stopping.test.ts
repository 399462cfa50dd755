import http from "node:http";
import net from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { exchange, inParallel, signedInCompanies, tryToAssign, until } from "../support/load.ts";
import { isAlive, workerPid } from "../support/processes.ts";
import { startServer } from "../support/server.ts";
import { expectHeld } from "./checker.ts";

/** Opens a connection to a server and only sends `text` on it. */
async function openSocket(url: string, text: string): Promise<net.Socket> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  if (text !== "") socket.write(text);
  return socket;
}

/** Seconds that `work` takes. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

for (const engine of engines) {
  test(`fault 2: SIGTERM under load cuts no request, loses no assignment and exits 0 (${engine})`, async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db = openDatabase(databaseUrl);
    const numbers = await fillPool(db, 300);
    const companies = await signedInCompanies(db, 300);
    const server = await startServer({ databaseUrl });
    const width = 12;
    // A kept-alive connection for each: when the signal comes, requests are on their way on all of
    // them.
    const agents = Array.from(
      { length: width },
      () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
    );

    let answered = 0;
    let stopped: Promise<number | null> | undefined;
    const tries = await inParallel(companies, width, async (company, index) => {
      const agent = agents[index % width]!;
      const result = await tryToAssign(server.url, company, numbers[index]!, agent);
      if (++answered === 60) stopped = server.stop();
      return result;
    });
    const seconds = await secondsOf(() => stopped ?? Promise.resolve());
    for (const agent of agents) agent.destroy();

    expect(await stopped).toBe(0);
    expect(seconds).toBeLessThan(10);
    const answers = new Set(tries.map(({ status, code }) => code ?? status));
    expect(answers).toEqual(new Set([200, "ECONNREFUSED"]));
    await expectHeld(db, tries);
  });
}

test.each(engines)(
  "fault 3: idle and slow connections do not delay the stop (%s)",
  async (engine) => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const server = await startServer({ databaseUrl });
    const { host } = new URL(server.url);
    const sockets = [
      await openSocket(server.url, ""),
      await openSocket(server.url, `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `),
      await openSocket(server.url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
      await openSocket(
        server.url,
        `POST /api/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      ),
    ];
    await once(sockets[2]!, "data");

    const seconds = await secondsOf(async () => expect(await server.stop()).toBe(0));
    expect(seconds).toBeLessThan(5);
    for (const socket of sockets) socket.destroy();
  },
);

test("a second signal stops it at once", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const server = await startServer({ databaseUrl });
  const { host } = new URL(server.url);
  const socket = await openSocket(
    server.url,
    `POST /api/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
  const pid = await workerPid(server);
  const stopped = server.stop("SIGINT");
  let more = 0;
  const seconds = await secondsOf(async () => {
    // A second one right after the first counts as the first, since a terminal and npm both send
    // it.
    await until("it has ended", () => {
      more++;
      return !server.process.kill("SIGINT");
    });
    expect(await stopped).not.toBe(0);
  });
  expect(more).toBeGreaterThan(1);
  // Otherwise it would wait that long for the request that never arrives in full.
  expect(seconds).toBeLessThan(2);
  await until("the worker has ended", () => !isAlive(pid));
  socket.destroy();
});

test("workers end with a supervisor that is killed, and the port is free", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const server = await startServer({ databaseUrl });
  const pid = await workerPid(server);
  process.kill(server.pid, "SIGKILL");
  await until("the worker has ended", () => !isAlive(pid));
  await expect(exchange(`${server.url}/healthz`)).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
});

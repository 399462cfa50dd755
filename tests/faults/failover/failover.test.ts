import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { fillPool } from "../../support/companies.ts";
import { openDatabase } from "../../support/databases.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  tryToAssign,
  until,
  type Try,
} from "../../support/load.ts";
import { workerPid } from "../../support/processes.ts";
import { startServer } from "../../support/server.ts";
import {
  IncomingCall,
  sendSigned,
  twilioVariables,
  verbsFrom,
} from "../../support/twilio-webhooks.ts";
import { expectHeld } from "../checker.ts";
import { needs } from "../needs.ts";
import { startCluster } from "./cluster.ts";

test("the primary's machine dies in a burst, comes back as standby, and is switched over to: nothing confirmed is lost", async (context) => {
  needs(context, {
    patroni: "patroni",
    etcd: "etcd-server",
    haproxy: "haproxy",
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
  });
  const cluster = await startCluster();
  const env = twilioVariables;
  const one = await startServer({ databaseUrl: cluster.url, env });
  const other = await startServer({ databaseUrl: cluster.url, env });
  const servers = [one, other];
  const pids = await Promise.all(servers.map(workerPid));
  const db = openDatabase(cluster.url);
  const count = 2_400;
  const numbers = await fillPool(db, count);
  const companies = (
    await Promise.all(Array.from({ length: 8 }, () => signedInCompanies(db, count / 8)))
  ).flat();

  const tries: Try[] = [];
  const confirmedAt: number[] = [];
  let over = false;
  let next = 0;
  const client = async (_: unknown, which: number) => {
    while (!over && next < count) {
      const index = next++;
      let told: Try["told"] = "unknown";
      // If the outcome is unknown it asks again, for the same number.
      while (told === "unknown" && !over) {
        const result = await tryToAssign(
          servers[which % 2]!.url,
          companies[index]!,
          numbers[index]!,
        );
        tries.push(result);
        ({ told } = result);
        if (told === "ok") confirmedAt.push(performance.now());
        await setTimeout(120);
      }
    }
  };
  const burst = inParallel([1, 2, 3, 4, 5, 6], 6, client);
  const confirmed = (more: number) => {
    const enough = confirmedAt.length + more;
    return until(`${more} more are confirmed`, () => confirmedAt.length >= enough, 60);
  };
  /** The longest time, in seconds, without a confirmed assignment. */
  const withoutWrites = (since: number) =>
    Math.max(
      ...confirmedAt
        .filter((at) => at > since)
        .map((at, index, list) => at - (list[index - 1] ?? since)),
    ) / 1000;

  await confirmed(60);
  const first = await cluster.inSync();
  let began = performance.now();
  await cluster.kill(first);
  // Meanwhile callers hear an apology, and the fallback answers.
  for (const { url } of servers) {
    const call = new IncomingCall("+353869999999");
    for (const path of ["/twilio/voice", "/twilio/voice/fallback"]) {
      const askedAt = performance.now();
      const verbs = await verbsFrom(await sendSigned(url, path, call.fields("ringing")));
      expect([path, verbs.length > 0]).toEqual([path, true]);
      expect(performance.now() - askedAt).toBeLessThan(3_500);
    }
  }
  await confirmed(30);
  const killed = withoutWrites(began);
  began = performance.now();
  cluster.start(first);
  const second = await cluster.inSync();
  const backAfter = (performance.now() - began) / 1000;
  expect(second).not.toBe(first);

  began = performance.now();
  await cluster.switchOver(second);
  await until(
    "the first leads again",
    async () => (await cluster.members()).find(({ role }) => role === "leader")?.name === first,
    30,
  );
  await confirmed(30);
  const switched = withoutWrites(began);
  over = true;
  await burst;

  for (const { url } of servers) {
    await until("it is ready", async () => (await exchange(`${url}/readyz`)).status === 200);
  }
  expect(await Promise.all(servers.map(workerPid))).toEqual(pids);
  const longest = Math.max(...tries.map(({ took }) => took)) / 1000;
  process.stdout.write(
    `failover: ${confirmedAt.length} confirmed; without writes ${killed.toFixed(1)} s when the primary died, ${switched.toFixed(1)} s at the switchover; standby again after ${backAfter.toFixed(1)} s; longest request ${longest.toFixed(1)} s\n`,
  );
  await until("this process has its connections back", () =>
    db.raw("select 1").then(
      () => true,
      () => false,
    ),
  );
  await expectHeld(db, tries);
  expect(tries.filter(({ told }) => told === "failed")).toEqual([]);
  expect(killed).toBeLessThan(40);
  expect(longest).toBeLessThan(5);
}, 240_000);

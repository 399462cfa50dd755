import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { createDatabase } from "#app/db.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { someNumbers } from "../support/companies.ts";
import { openDatabase } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  tryToAssign,
  until,
  type Try,
} from "../support/load.ts";
import { startPostgres } from "../support/postgres.ts";
import { workerPid } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";
import { lastRead, violations } from "./checker.ts";

/**
 * Long histories, drawn from a seed: clients of two servers on one PostgreSQL choose, repeat and
 * look, while servers are killed and restarted, workers killed, PostgreSQL frozen and crashed, and
 * its connections cut. `npm run faults -- --seeds 100` runs many.
 */

const seeds = Number(process.env["FAULT_SEEDS"] ?? 2);
const firstSeed = Number(process.env["FAULT_FIRST_SEED"] ?? 1);
const minutes = Number(process.env["FAULT_MINUTES"] ?? 2);
const report = process.env["FAULT_REPORT"];

const steps = 160;
const width = 8;

/** Numbers from 0 to 1 drawn from a seed (mulberry32). */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

test(
  `${seeds} histories of two servers and one PostgreSQL`,
  async () => {
    const endsAt = performance.now() + minutes * 60_000;
    const postgres = await startPostgres();
    const migrating = createDatabase(postgres.url, { statementTimeout: 0 });
    await migrateToLatest(migrating);
    await migrating.destroy();
    const db = openDatabase(postgres.url);
    const ports = [await freePort(), await freePort()];
    const start = (which: number) =>
      startServer({ databaseUrl: postgres.url, port: ports[which]! });
    const servers: AppServer[] = [await start(0), await start(1)];

    const all: Try[] = [];
    const histories: Record<string, unknown>[] = [];
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      if (performance.now() > endsAt) break;
      const draw = draws(seed);
      const below = (count: number) => Math.floor(draw() * count);
      const companies = await signedInCompanies(db, 40);
      // Fewer numbers than companies, so that there is a race for each.
      const numbers = someNumbers(32, seed * 32);
      await addToPool(db, numbers);

      const faults: [name: string, harm: () => Promise<unknown>][] = [
        ...[0, 1].flatMap((which): [string, () => Promise<unknown>][] => [
          [
            `server ${which} killed and started`,
            async () => {
              await servers[which]!.kill();
              servers[which] = await start(which);
            },
          ],
          [
            `server ${which} restarted`,
            async () => {
              await servers[which]!.stop();
              servers[which] = await start(which);
            },
          ],
          [
            `worker of server ${which} killed`,
            async () => process.kill(await workerPid(servers[which]!), "SIGKILL"),
          ],
        ]),
        [
          "PostgreSQL frozen",
          async () => {
            await postgres.freeze();
            await setTimeout(200 + below(2_500));
            await postgres.thaw();
          },
        ],
        [
          "PostgreSQL crashed and started",
          async () => {
            await postgres.crash();
            await postgres.start();
          },
        ],
        [
          "connections cut",
          () =>
            db.raw(
              "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'company-phone-numbers' and pid <> pg_backend_pid()",
            ),
        ],
      ];
      const plan = Array.from({ length: 3 }, () => ({
        at: 10 + below(steps - 40),
        fault: faults[below(faults.length)]!,
      }));
      const moves = Array.from({ length: steps }, () => ({
        company: companies[below(companies.length)]!,
        number: numbers[below(numbers.length)]!,
        server: below(2),
        looks: draw() < 0.2,
      }));

      let harming: Promise<unknown> = Promise.resolve();
      const tries: Try[] = [];
      await inParallel(moves, width, async ({ company, number, server, looks }, index) => {
        for (const { at, fault } of plan) {
          if (at === index) harming = harming.then(fault[1]).catch(() => {});
        }
        const url = `http://localhost:${ports[server]}`;
        if (!looks) return tries.push(await tryToAssign(url, company, number));
        const seen = await exchange(`${url}/api/phone-numbers/current`, {
          headers: { Cookie: company.cookie },
        }).catch(() => undefined);
        if (seen?.status !== 200) return;
        const { phone_number } = JSON.parse(seen.body) as { phone_number: string | null };
        // A company that is shown a number has been told of it.
        if (phone_number) {
          tries.push({ key: "look", company, phoneNumber: phone_number, told: "ok", took: 0 });
        }
      });
      await harming;
      await until(
        "both servers are ready again",
        async () => {
          const ready = ports.map((port) =>
            exchange(`http://localhost:${port}/readyz`).then(
              ({ status }) => status === 200,
              () => false,
            ),
          );
          return (await Promise.all(ready)).every(Boolean);
        },
        30,
      );
      await until("this process has its connections back", () =>
        db.raw("select 1").then(
          () => true,
          () => false,
        ),
      );
      const unknown = tries.filter(({ told }) => told === "unknown");
      const again = await inParallel(unknown, width, ({ company, phoneNumber }, index) =>
        tryToAssign(`http://localhost:${ports[index % 2]}`, company, phoneNumber),
      );
      all.push(...tries, ...again);
      const broken = violations(all, await lastRead(db));
      const count = (told: string) => tries.filter((one) => one.told === told).length;
      const history = {
        seed,
        faults: plan.sort((a, b) => a.at - b.at).map(({ at, fault }) => `${at}: ${fault[0]}`),
        ok: count("ok"),
        failed: count("failed"),
        unknown: count("unknown"),
        longest: Math.round(Math.max(...tries.map(({ took }) => took))),
        broken,
      };
      histories.push(history);
      if (report) {
        process.stdout.write(`seed ${seed}: ${broken.length === 0 ? "held" : "failed"}\n`);
        writeFileSync(report, JSON.stringify({ histories }, null, 2));
      }
      expect([seed, broken]).toEqual([seed, []]);
    }
    expect(histories.length).toBeGreaterThan(0);
  },
  (minutes + 3) * 60_000,
);

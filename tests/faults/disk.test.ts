import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import { expect, test, type TestContext } from "vitest";
import { createDatabase, isPostgres } from "#app/db.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { fillPool } from "../support/companies.ts";
import {
  createMigratedDatabase,
  engines,
  openDatabase,
  type Engine,
} from "../support/databases.ts";
import { exchange, inParallel, signedInCompanies, tryToAssign, until } from "../support/load.ts";
import { childrenOf } from "../support/children.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import { workerPid } from "../support/processes.ts";
import { startServer } from "../support/server.ts";
import { expectHeld } from "./checker.ts";
import { failFsync, smallDisk } from "./needs.ts";

const count = 240;

interface OnDisk {
  url: string;
  postgres: PostgresServer | undefined;
}

/** A migrated database whose disk will be harmed. @param dataIn where it is */
async function onDisk(engine: Engine, dataIn?: string): Promise<OnDisk> {
  const postgres =
    engine === "postgres" ? await startPostgres(dataIn ? { dataIn } : {}) : undefined;
  const url =
    postgres?.url ??
    (dataIn ? `sqlite:${dataIn}/app.db` : (await createMigratedDatabase(engine)).url);
  const migrating = createDatabase(url, { statementTimeout: 0 });
  await migrateToLatest(migrating);
  await migrating.destroy();
  return { url, postgres };
}

/** Expects the engine's own check of its files to pass. */
async function expectSoundFiles(db: Knex): Promise<void> {
  if (!isPostgres(db)) {
    expect(await db.raw("pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
    return;
  }
  for (const table of ["companies", "twilio_phone_numbers", "audit_events"]) {
    // Counts rows by the table and by its index.
    const counts = await db.transaction(async (transaction) => {
      const [byTable] = await transaction(table).count({ count: "*" });
      await transaction.raw("set local enable_seqscan = off");
      const [byIndex] = await transaction(table).where("id", ">", 0).count({ count: "id" });
      return [byTable, byIndex];
    });
    expect(counts[0]).toEqual(counts[1]);
  }
}

/**
 * A burst during which the disk is harmed; then it is mended, and everything that must hold is
 * checked.
 */
async function burst(
  { url, postgres }: OnDisk,
  harm: (pid: number, db: Knex) => Promise<() => Promise<void>>,
): Promise<void> {
  const db = openDatabase(url);
  const numbers = await fillPool(db, count);
  const companies = await signedInCompanies(db, count);
  const server = await startServer({ databaseUrl: url });
  const pid = await workerPid(server);
  let answered = 0;
  let mend: (() => Promise<void>) | undefined;
  let failed = 0;
  const tries = await inParallel(companies, 6, async (company, index) => {
    if (answered++ === 60) mend = await harm(pid, db);
    // Mended once it has shown, so that there are tries afterwards too.
    if (mend && failed >= 12) {
      const mending = mend;
      mend = undefined;
      await mending();
    }
    const result = await tryToAssign(server.url, company, numbers[index]!);
    if (result.told === "unknown") failed++;
    return result;
  });
  await mend?.();
  if (postgres && postgres.pid === undefined) await postgres.start();
  await until(
    "it is ready again",
    async () => (await exchange(`${server.url}/readyz`)).status === 200,
    20,
  );
  expect(tries.filter(({ told }) => told === "ok").length).toBeGreaterThan(40);
  const unknown = tries.filter(({ told }) => told === "unknown");
  expect(unknown.length).toBeGreaterThan(0);
  for (const { status, took } of unknown) {
    expect(status).toBe(503);
    expect(took).toBeLessThan(4_000);
  }
  expect(tries.filter(({ told }) => told === "failed")).toEqual([]);
  await until("this process has its connections back", () =>
    db.raw("select 1").then(
      () => true,
      () => false,
    ),
  );
  await expectHeld(db, tries);
  await expectSoundFiles(db);

  const again = await inParallel(tries, 6, ({ company, phoneNumber }) =>
    tryToAssign(server.url, company, phoneNumber),
  );
  expect(new Set(again.map(({ told }) => told))).toEqual(new Set(["ok"]));
  await expectHeld(db, [...tries, ...again]);
}

/** PostgreSQL's processes or, with SQLite, the server's own. */
async function writers({ postgres }: OnDisk, worker: number): Promise<number[]> {
  if (!postgres?.pid) return [worker];
  return [postgres.pid, ...(await childrenOf(postgres.pid))];
}

test.for(engines)("fault 9: fsync fails (%s)", async (engine, context: TestContext) => {
  const disk = await onDisk(engine);
  await burst(disk, async (worker) => {
    const end = await failFsync(context, await writers(disk, worker));
    return async () => {
      await end();
      // It no longer trusts its log, and each restart met the same disk, so an operator mends the
      // disk and starts it.
      await disk.postgres?.crash();
      await disk.postgres?.start();
    };
  });
});

test.for(engines)("fault 10: the disk is full (%s)", async (engine, context: TestContext) => {
  const directory = smallDisk(context, engine === "postgres" ? 96 : 8);
  const disk = await onDisk(engine, directory);
  const filler = path.join(directory, "filler");
  await burst(disk, async (_, db) => {
    const { bavail, bsize } = statfsSync(directory);
    try {
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    } catch (error) {
      // Another writer has taken the last of it.
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
    // So that the log cannot grow either.
    if (disk.postgres) await db.raw("select pg_switch_wal()").catch(() => {});
    return async () => {
      rmSync(filler);
      if (disk.postgres && disk.postgres.pid === undefined) await disk.postgres.start();
    };
  });
  expect(readdirSync(directory).length).toBeGreaterThan(0);
});

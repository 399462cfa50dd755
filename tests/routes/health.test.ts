import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { closeDatabase, sqliteFile } from "#app/db.server.ts";
import { forgetEnvironment } from "#app/env.server.ts";
import { whyNoWrites } from "#app/disk.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { loader as healthz } from "#app/routes/healthz.ts";
import { loader as readyz } from "#app/routes/readyz.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  describeEachEngine,
  openDatabase,
} from "../support/databases.ts";
import { startPostgres } from "../support/postgres.ts";

/** Makes `url` what the routes' database is. */
function useDatabase(url: string): void {
  process.env["DATABASE_URL"] = url;
  forgetEnvironment();
  cleanUpLater(async () => {
    await closeDatabase();
    process.env["DATABASE_URL"] = "";
    forgetEnvironment();
  });
}

async function readiness(): Promise<[status: number, body: unknown]> {
  const response = await readyz();
  return [response.status, await response.json()];
}

beforeEach(() => forgetEnvironment());

test("/healthz answers without a database", async () => {
  useDatabase("postgres://nobody:nothing@127.0.0.1:1/nowhere");
  const response = healthz();
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: "ok" });
});

test("/readyz names a database that cannot be reached, without any driver text", async () => {
  useDatabase("postgres://nobody:nothing@127.0.0.1:1/nowhere");
  expect(await readiness()).toEqual([503, { status: "unavailable", failed: "database" }]);
});

if (process.platform === "linux") {
  test("/readyz names a disk that is full, and is ready when there is room again (sqlite)", async () => {
    const { url } = await createMigratedDatabase("sqlite");
    useDatabase(url);
    symlinkSync("/dev/full", `${sqliteFile(url)}-room`);
    expect(await readiness()).toEqual([503, { status: "unavailable", failed: "disk" }]);
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
    cleanUpLater(async () => void vi.restoreAllMocks());
    expect(await readiness()).toEqual([200, { status: "ok" }]);
  });

  test("/readyz names a disk that is full, and is ready when there is room again (postgres)", async () => {
    const server = await startPostgres();
    const db = openDatabase(server.url, { poolMax: 1, statementTimeout: 0 });
    await migrateToLatest(db);
    const spill = path.join(server.dataDir, "base/pgsql_tmp");
    const { rows } = await db.raw("select pg_backend_pid() as pid");
    const link = (number: number) => path.join(spill, `pgsql_tmp${rows[0].pid}.${number}`);
    mkdirSync(spill, { recursive: true });
    chmodSync(spill, 0o777);
    for (let number = 0; number < 20; number++) symlinkSync("/dev/full", link(number));
    expect(await whyNoWrites(db)).toBe("disk");
    for (let number = 0; number < 20; number++) rmSync(link(number), { force: true });
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
    cleanUpLater(async () => void vi.restoreAllMocks());
    expect(await whyNoWrites(db)).toBeUndefined();
    await db.raw("set default_transaction_read_only = on");
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 10_000);
    expect(await whyNoWrites(db)).toBe("read-only");
  });
}

describeEachEngine("/readyz", (engine) => {
  test("answers 200 when the database is there and migrated", async () => {
    useDatabase((await createMigratedDatabase(engine)).url);
    expect(await readiness()).toEqual([200, { status: "ok" }]);
  });

  test("names migrations that are missing, all of them or the last", async () => {
    useDatabase((await createTestDatabase(engine)).url);
    const missing = [503, { status: "unavailable", failed: "migrations" }];
    expect(await readiness()).toEqual(missing);

    await closeDatabase();
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    await db("knex_migrations")
      .where({ id: db("knex_migrations").max("id") })
      .delete();
    useDatabase(url);
    expect(await readiness()).toEqual(missing);
  });
});

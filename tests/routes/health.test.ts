import { beforeEach, expect, test } from "vitest";
import { closeDatabase } from "#app/db.server.ts";
import { forgetEnvironment } from "#app/env.server.ts";
import { loader as healthz } from "#app/routes/healthz.ts";
import { loader as readyz } from "#app/routes/readyz.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  describeEachEngine,
  openDatabase,
} from "../support/databases.ts";

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

test("/readyz names a database that cannot be reached, and nothing of its driver", async () => {
  useDatabase("postgres://nobody:nothing@127.0.0.1:1/nowhere");
  expect(await readiness()).toEqual([503, { status: "unavailable", failed: "database" }]);
});

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

import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Knex } from "knex";
import { database } from "#app/db.server.ts";
import { jobs } from "#app/work/jobs.server.ts";
import { isFree, letGo, renew, take } from "#app/work/leases.server.ts";
import { doJob, keepWorking, type Job } from "#app/work/work.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  describeEachEngine,
  engines,
} from "../support/databases.ts";
import { until } from "../support/load.ts";
import { runScript } from "../support/script.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

describeEachEngine("leases", (_engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });

  test("of 20 processes that want a job at once, one gets it", async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, (_, i) => take(db, "job", `${i}`)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await isFree(db, "job")).toBe(false);
    expect(await isFree(db, "another")).toBe(true);
  });

  test("a released job is due when its holder said, and a dead holder's when the lease is over", async () => {
    await take(db, "job", "a");
    await letGo(db, "job", "a", 3_600);
    expect(await take(db, "job", "b")).toBe(false);
    await db("work_leases").update({ due_at: "2026-01-01 00:00:00" });
    expect(await take(db, "job", "b")).toBe(true);
    expect(await renew(db, "job", "a")).toBe(false);
    await db("work_leases").update({ held_until: "2026-01-01 00:00:00" });
    expect(await take(db, "job", "c")).toBe(true);
    expect(await renew(db, "job", "b")).toBe(false);
    // Whoever has lost it lets go of nothing.
    await letGo(db, "job", "b", 0);
    expect(await isFree(db, "job")).toBe(false);
    expect(await renew(db, "job", "c")).toBe(true);
  });
});

describe.each(engines)("work on %s", (engine) => {
  const stops = new AbortController();
  let databaseUrl: string;
  beforeEach(async () => {
    ({ url: databaseUrl } = await createMigratedDatabase(engine));
    useEnvironment({ DATABASE_URL: databaseUrl, LOG_LEVEL: "silent" });
  });

  test("is done once until it is due again, and not taken if there is nothing to do", async () => {
    let runs = 0;
    let wanted = false;
    const job: Job = {
      name: "count",
      everySeconds: 60,
      isWanted: async () => wanted,
      run: async () => void runs++,
    };
    expect(await doJob(job, stops.signal)).toBe("not-due");
    expect(await database()("work_leases")).toEqual([]);
    wanted = true;
    expect(await doJob(job, stops.signal)).toBe("done");
    expect(await doJob(job, stops.signal)).toBe("not-due");
    expect(runs).toBe(1);
  });

  test("is not lost if it fails, and is due at once if it is cut off", async () => {
    const failing: Job = {
      name: "failing",
      everySeconds: 3_600,
      run: () => Promise.reject(new Error("no")),
    };
    expect(await doJob(failing, stops.signal)).toBe("failed");
    const [lease] = await database()("work_leases");
    expect(lease).toMatchObject({ holder: null, held_until: null });
    const minutes = (Date.parse(`${lease!.due_at.replace(" ", "T")}Z`) - Date.now()) / 60_000;
    expect(minutes).toBeLessThanOrEqual(1);

    const ends = new AbortController();
    let ended = false;
    const long: Job = {
      name: "long",
      everySeconds: 3_600,
      async run(_db, signal) {
        ends.abort();
        await until("told to stop", () => signal.aborted);
        ended = true;
      },
    };
    await keepWorking([long], ends.signal);
    expect(ended).toBe(true);
    expect(await isFree(database(), "long")).toBe(true);
  });
});

test("twenty jobs listen for the end, and Node does not report that as a leak", async () => {
  const warned = vi.fn();
  process.on("warning", warned);
  cleanUpLater(async () => void process.off("warning", warned));
  const ends = new AbortController();
  const idle = Array.from({ length: 20 }, (_, index) => ({
    name: `idle ${index}`,
    everySeconds: 60,
    run: async () => {},
  }));
  const working = keepWorking(idle, ends.signal);
  await setImmediate();
  ends.abort();
  await working;
  expect(warned.mock.calls).toEqual([]);
});

test.each(engines)("npm run work -- --once does each job that is due (%s)", async (engine) => {
  const { url } = await createMigratedDatabase(engine);
  const env = { DATABASE_URL: url, LOW_POOL_THRESHOLD: "1" };
  const first = await runScript("work", ["--once", "--json"], { env });
  expect(first.exitCode).toBe(0);
  const outcomes = new Map(
    (JSON.parse(first.stdout) as { jobs: { job: string; outcome: string }[] }).jobs.map(
      ({ job, outcome }) => [job, outcome],
    ),
  );
  expect([...outcomes.keys()]).toEqual(jobs.map(({ name }) => name));
  expect(outcomes.get("low-pool")).toBe("done");
  expect(first.stderr).toContain("the pool of phone numbers is low");
  const again = await runScript("work", ["--once"], { env });
  expect(again.stdout.trim().split("\n")).toEqual(
    jobs.map(({ name }) => `${name}: nothing to do now`),
  );
});

test("npm run work says in one line if its database cannot be reached, or has no tables", async () => {
  const work = async (DATABASE_URL: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await runScript("work", args, { env: { DATABASE_URL } });
    expect([exitCode, stdout]).toEqual([1, ""]);
    return stderr;
  };
  const away = "postgres://somebody:secret@127.0.0.1:1/nowhere";
  for (const args of [["--once"], []]) {
    expect(await work(away, ...args)).toMatch(/^Error: The database cannot be reached[^\n]+\n$/);
  }
  const { url } = await createTestDatabase("postgres");
  expect(await work(url, "--once")).toContain("Run “npm run migrate” first.");
});

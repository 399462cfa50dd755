import { beforeAll, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { exchange, signedInCompanies, tryToAssign, until, type Exchange } from "../support/load.ts";
import { logLine, logLines } from "../support/processes.ts";
import { parsePrometheus, valueOf, type Sample } from "../support/prometheus.ts";
import { startServer, type AppServer } from "../support/server.ts";

const token = "only-the-scraper-knows-this";

let server: AppServer;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = (await createMigratedDatabase("postgres")).url;
  const db = openDatabase(databaseUrl);
  await addToPool(db, someNumbers(3));
  server = await startServer({
    databaseUrl,
    env: {
      METRICS_TOKEN: token,
      WEB_CONCURRENCY: "2",
      LOW_POOL_THRESHOLD: "3",
    },
  });
});

function scrape(authorization?: string): Promise<Exchange> {
  return exchange(`${server.url}/metrics`, {
    headers: authorization ? { Authorization: authorization } : {},
  });
}

async function samples(): Promise<Sample[]> {
  const { status, headers, body } = await scrape(`Bearer ${token}`);
  expect(status).toBe(200);
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  return parsePrometheus(body);
}

test("before its first event a counter exists and is 0", async () => {
  const now = await samples();
  for (const outcome of ["assigned", "not-available", "already-has-number"]) {
    expect(valueOf(now, "phone_number_assignments_total", { outcome })).toBe(0);
    expect(now.some(({ labels }) => labels["outcome"] === outcome)).toBe(true);
  }
  for (const outcome of ["connected", "unmatched", "not-connected", "fallback"]) {
    expect(
      now.filter(({ name, labels }) => name === "calls_total" && labels["outcome"] === outcome),
    ).toHaveLength(1);
  }
});

test("only whoever has the token may scrape", async () => {
  for (const authorization of [undefined, "Bearer wrong", `Basic ${token}`]) {
    const { status, headers, body } = await scrape(authorization);
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toMatch(/^Bearer/);
    expect(body).not.toContain("http_requests");
  }
});

test("without METRICS_TOKEN there is no such page", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const without = await startServer({ databaseUrl: url });
  const { status } = await exchange(`${without.url}/metrics`, {
    headers: { Authorization: "Bearer undefined" },
  });
  expect(status).toBe(404);
});

test("every worker's requests are counted, by route and not by path", async () => {
  const pids = () => new Set(logLines(server).map(({ pid }) => pid));
  await until("both workers have answered", async () => {
    await exchange(`${server.url}/healthz`);
    return pids().size >= 2;
  });
  const before = valueOf(await samples(), "http_requests_total", {
    route: "/api/*",
  });
  for (let i = 0; i < 6; i++) {
    await exchange(`${server.url}/api/no-such-path-${i}`);
  }
  const after = await samples();
  expect(valueOf(after, "serving_processes")).toBe(2);
  expect(
    valueOf(after, "http_requests_total", {
      method: "GET",
      route: "/api/*",
      status: "404",
    }),
  ).toBe((before ?? 0) + 6);
  expect(
    valueOf(after, "http_request_duration_seconds_count", {
      route: "/api/*",
      status_class: "4xx",
    }),
  ).toBe((before ?? 0) + 6);
  expect(JSON.stringify(after)).not.toContain("no-such-path");
});

test("the pool, the companies, the database's connections and the process are shown, and a low pool is warned of", async () => {
  const db = openDatabase(databaseUrl);
  const [company] = await signedInCompanies(db, 2);
  const [number = ""] = someNumbers(1);
  expect((await tryToAssign(server.url, company!, number)).told).toBe("ok");
  const now = await samples();
  expect(valueOf(now, "database_up")).toBe(1);
  expect(valueOf(now, "phone_numbers", { status: "available" })).toBe(2);
  expect(valueOf(now, "phone_numbers", { status: "assigned" })).toBe(1);
  expect(valueOf(now, "phone_numbers_low")).toBe(1);
  expect(valueOf(now, "companies_waiting")).toBe(1);
  expect(valueOf(now, "database_connections", { state: "free" })).toBeGreaterThan(0);
  for (const name of [
    "database_waiting",
    "nodejs_eventloop_lag_p99_seconds",
    "process_resident_memory_bytes",
  ]) {
    expect(valueOf(now, name)).toBeGreaterThanOrEqual(0);
  }
});

test("a low pool is a warning in the log, from one worker", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const low = await startServer({ databaseUrl: url });
  const line = await logLine(low, "a low pool", ({ msg }) =>
    String(msg).includes("pool of phone numbers is low"),
  );
  expect(line).toMatchObject({
    level: "warn",
    available: 0,
    threshold: 10,
    companiesWaiting: 0,
  });
});

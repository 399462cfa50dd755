import { setTimeout } from "node:timers/promises";
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from "prom-client";
import { database, reading } from "#app/db.server.ts";
import { budgetStatus } from "#app/domain/assignment-budget.server.ts";
import { goneNumbers } from "#app/domain/gone-numbers.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { environment } from "#app/env.server.ts";
import { onMessageFromWorkers, sendToWorkers } from "#app/server/cluster.server.ts";

/**
 * What `/metrics` shows. Each process counts from its own start; a scrape reaches any one of the
 * workers, which asks the others for their counts and adds them up.
 */

const ownRegistry = new Registry();
const registers = [ownRegistry];

const requests = new Counter({
  name: "http_requests_total",
  help: "Requests answered.",
  labelNames: ["method", "route", "status"],
  registers,
});

const durations = new Histogram({
  name: "http_request_duration_seconds",
  help: "From the first byte of a request to the last of its answer.",
  labelNames: ["method", "route", "status_class"],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  registers,
});

const assignments = new Counter({
  name: "phone_number_assignments_total",
  help: "Tries to assign a number, by outcome.",
  labelNames: ["outcome"],
  registers,
});

const calls = new Counter({
  name: "calls_total",
  help: "Calls that came in, by outcome.",
  labelNames: ["outcome"],
  registers,
});

// If a counter were absent until its first event, that event would not show as an increase.
for (const outcome of [
  "assigned",
  "not-available",
  "already-has-number",
  "no-such-company",
  "budget-spent",
]) {
  assignments.inc({ outcome }, 0);
}
for (const outcome of ["connected", "unmatched", "not-connected", "fallback"]) {
  calls.inc({ outcome }, 0);
}

const connections = new Gauge({
  name: "database_connections",
  help: "Connections to the database that this service has open.",
  labelNames: ["state"],
  registers,
  collect() {
    const pool = connectionPool();
    this.set({ state: "used" }, pool?.numUsed() ?? 0);
    this.set({ state: "free" }, pool?.numFree() ?? 0);
  },
});

const waiting = new Gauge({
  name: "database_waiting",
  help: "Requests that wait for a connection to the database.",
  registers,
  collect() {
    const pool = connectionPool();
    this.set((pool?.numPendingAcquires() ?? 0) + (pool?.numPendingCreates() ?? 0));
  },
});
void [connections, waiting];

interface ConnectionPool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
  numPendingCreates(): number;
}

function connectionPool(): ConnectionPool | undefined {
  return (database().client as { pool?: ConnectionPool }).pool;
}

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts a request that has been answered. */
export function observeRequest(request: {
  method: string;
  /** a pattern, not a path: each value is a time series */
  route: string;
  status: number;
  seconds: number;
}): void {
  // Without a token nobody may read them.
  if (environment().METRICS_TOKEN === undefined) return;
  const method = knownMethods.has(request.method) ? request.method : "other";
  const { route, status, seconds } = request;
  requests.inc({ method, route, status: String(status) });
  durations.observe({ method, route, status_class: `${Math.floor(status / 100)}xx` }, seconds);
}

/** Counts a try to assign a number: an outcome of `assignPhoneNumber`. */
export function countAssignment(outcome: string): void {
  assignments.inc({ outcome });
}

/** Counts a call; `outcome` is one of a few words, since each is a time series. */
export function countCall(outcome: string): void {
  calls.inc({ outcome });
}

/** Begins to measure the process, and to answer other workers; called once. */
export function startMetrics(): void {
  if (environment().METRICS_TOKEN === undefined) return;
  collectDefaultMetrics({ register: ownRegistry });
  onMessageFromWorkers(({ from, receivers, body }) => {
    const { kind, scrape, metrics } = body;
    if (kind === "metrics-wanted") {
      void ownRegistry.getMetricsAsJSON().then((own) =>
        sendToWorkers(from, {
          kind: "metrics",
          scrape,
          receivers,
          metrics: own,
        }),
      );
    } else if (kind === "metrics") {
      scrapes.get(scrape as number)?.(metrics as Metrics, body.receivers as number);
    }
  });
}

type Metrics = MetricObjectWithValues<MetricValue<string>>[];
type Receive = (metrics: Metrics, receivers: number) => void;

const scrapes = new Map<number, Receive>();
let lastScrape = 0;
/** Milliseconds; a worker that does not answer is left out. */
const workersTimeout = 1_000;

async function othersMetrics(): Promise<Metrics[]> {
  if (environment().WEB_CONCURRENCY === 1) return [];
  const scrape = ++lastScrape;
  const received: Metrics[] = [];
  const all = new Promise<void>((resolve) => {
    scrapes.set(scrape, (metrics, receivers) => {
      received.push(metrics);
      if (received.length === receivers) resolve();
    });
  });
  sendToWorkers("others", { kind: "metrics-wanted", scrape });
  await Promise.race([all, setTimeout(workersTimeout, undefined, { ref: false })]);
  scrapes.delete(scrape);
  return received;
}

/** Milliseconds that a scrape waits for the database. */
const databaseTimeout = 2_000;

// What is the same for every process; the database may be away while it is measured.
async function serviceMetrics(): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge("database_up", "Whether the database answers.");
  const status = await Promise.race([
    Promise.all([poolStatus(reading()), budgetStatus(reading()), goneNumbers(reading())]).catch(
      () => undefined,
    ),
    setTimeout(databaseTimeout, undefined, { ref: false }),
  ]);
  up.set(status ? 1 : 0);
  if (status) {
    const [{ available, assigned, companiesWaiting }, { spent, budget }, gone] = status;
    const threshold = environment().LOW_POOL_THRESHOLD;
    const numbers = gauge("phone_numbers", "Numbers of the pool.", ["status"]);
    numbers.set({ status: "available" }, available);
    numbers.set({ status: "assigned" }, assigned);
    gauge("phone_numbers_low", "Whether fewer numbers are available than LOW_POOL_THRESHOLD.").set(
      available < threshold ? 1 : 0,
    );
    gauge("phone_number_assignments_last_hour", "Numbers assigned in the last hour.").set(spent);
    gauge("phone_number_assignments_budget", "Numbers that may be assigned in an hour.").set(
      budget,
    );
    gauge(
      "assigned_numbers_gone",
      "Companies' numbers that are not in the Twilio account any more.",
    ).set(gone.length);
    gauge("companies_waiting", "Companies that have no number yet.").set(companiesWaiting);
  }
  return registry.metrics();
}

/** The whole of `/metrics`, in Prometheus's text format, and its content type. */
export async function metricsText(): Promise<{
  contentType: string;
  text: string;
}> {
  const [own, others, service] = await Promise.all([
    ownRegistry.getMetricsAsJSON(),
    othersMetrics(),
    serviceMetrics(),
  ]);
  const processes =
    others.length === 0
      ? await ownRegistry.metrics()
      : await AggregatorRegistry.aggregate([own, ...others]).metrics();
  const workers = `# HELP serving_processes Processes that these numbers are from.\n# TYPE serving_processes gauge\nserving_processes ${others.length + 1}\n`;
  return {
    contentType: ownRegistry.contentType,
    text: `${processes}\n${service}\n${workers}`,
  };
}

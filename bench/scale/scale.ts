import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createDatabase } from "#app/db.server.ts";
import { twilio } from "../cases.ts";
import { finallyDo } from "../databases.ts";
import { siteOf } from "../measure.ts";
import { checkout, cpuOfDatabase, start, type Server } from "../subjects.ts";
import { round } from "./client.ts";
import { emptyDatabase, engineNames, type Engine } from "./engines.ts";
import { bounds, growthTable, GrowthFigures } from "./figures.ts";
import { fillScale, type ScaleData } from "./fill.ts";
import { doctor, imports, list, metrics } from "./operators.ts";
import { scaleCases, type ScaleSite } from "./requests.ts";

export interface ScaleOptions {
  sizes: readonly number[];
  rounds: number;
  /** requests per round */
  requests: number;
  json: string;
}

interface Pool {
  size: number;
  url: string;
  data: ScaleData;
}

/** `npm run bench -- --scale`: what grows with the pool, and what must not. */
export async function measureScale(options: ScaleOptions, scratch: string): Promise<void> {
  // PostgreSQL reads a file there, perhaps as another user.
  chmodSync(scratch, 0o755);
  const figures = new GrowthFigures();
  for (const engine of Object.keys(engineNames) as Engine[]) {
    const pools: Pool[] = [];
    for (const size of options.sizes)
      pools.push(await fill(engine, size, options, scratch, figures));
    await requests(engine, pools, options, scratch, figures);
    for (const { url, size } of pools) {
      figures.add(
        { name: "/metrics, of the database", unit: "ms", most: 5 },
        engine,
        size,
        await metrics(url),
      );
      figures.add({ name: "doctor", unit: "s", most: 3 }, engine, size, await doctor(url, scratch));
      figures.add(
        { name: "numbers --list", unit: "s" },
        engine,
        size,
        await list(url, scratch, size),
      );
    }
    await measureImport(engine, pools.at(-1)!, scratch, figures);
  }
  const { all } = figures;
  process.stdout.write(`\n${growthTable(all, options.sizes)}\n${bounds(all, options.sizes)}`);
  mkdirSync(path.dirname(options.json), { recursive: true });
  const machine = `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} processors`;
  const document = {
    at: new Date().toISOString(),
    node: process.version,
    machine,
    commit: checkout("ours", ".").commit,
  };
  writeFileSync(options.json, `${JSON.stringify({ ...document, figures: all }, null, 2)}\n`);
  process.stdout.write(`The rounds are in ${options.json}.\n`);
}

async function fill(
  engine: Engine,
  size: number,
  { rounds, requests }: ScaleOptions,
  scratch: string,
  figures: GrowthFigures,
): Promise<Pool> {
  const url = await emptyDatabase(engine, scratch);
  const began = performance.now();
  const data = await fillScale(url, size, rounds * Math.ceil(requests * 1.2));
  figures.add({ name: "to fill it", unit: "s" }, engine, size, (performance.now() - began) / 1000);
  return { size, url, data };
}

async function requests(
  engine: Engine,
  pools: readonly Pool[],
  options: ScaleOptions,
  scratch: string,
  figures: GrowthFigures,
): Promise<void> {
  const ours = checkout("ours", ".");
  const running: { pool: Pool; server: Server; site: ScaleSite }[] = [];
  for (const pool of pools) {
    const server = await start(ours, path.join(scratch, `${engine}-${pool.size}.log`), {
      DATABASE_URL: pool.url,
      ASSIGNMENTS_PER_HOUR: "1000000",
      ...twilio,
    });
    finallyDo(() => server.stop());
    running.push({ pool, server, site: { ...pool.data, ...(await siteOf(server, pool.data)) } });
  }
  for (let time = 0; time < options.rounds; time++) {
    for (const measured of scaleCases) {
      for (const { pool, server, site } of running) {
        const database = () => (engine === "postgres" ? cpuOfDatabase(pool.url) : 0);
        const cost = await round(server, site, measured, options.requests, database);
        const add = (name: string, value: number, isRatio = false) =>
          figures.add({ name, unit: "ms", isRatio }, engine, pool.size, value);
        add(measured.name, cost.p50, true);
        add(`${measured.name}, CPU`, cost.server + cost.database);
      }
    }
  }
  for (const { server } of running) await server.stop();
}

async function measureImport(
  engine: Engine,
  { url, size }: Pool,
  scratch: string,
  figures: GrowthFigures,
) {
  const db = createDatabase(url, { statementTimeout: 0, poolMax: 1 });
  const numbers = await db("twilio_phone_numbers")
    .orderBy("id")
    .pluck<string[]>("phone_number")
    .finally(() => db.destroy());
  const cost = await imports(() => emptyDatabase(engine, scratch), scratch, numbers);
  const plain =
    engine === "postgres" ? "COPY of the same file" : "one transaction of plain inserts";
  figures.add({ name: "import", unit: "s" }, engine, size, cost.ours);
  figures.add({ name: plain, unit: "s" }, engine, size, cost.plain);
  figures.add(
    { name: "import ÷ COPY or inserts", unit: "×", most: 3 },
    engine,
    size,
    cost.ours / cost.plain,
  );
  figures.add(
    { name: "import's memory over ten lines'", unit: "MB", most: 80 },
    engine,
    size,
    cost.memory,
  );
}

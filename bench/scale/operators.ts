import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Knex } from "knex";
import { createDatabase, isPostgres } from "#app/db.server.ts";
import { budgetStatus } from "#app/domain/assignment-budget.server.ts";
import { goneNumbers } from "#app/domain/gone-numbers.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { childEnvironment } from "../../tests/support/environment.ts";

/** What a command took. */
export interface Took {
  seconds: number;
  /** peak memory of its process, MB */
  peak: number;
  stdout: string;
}

// The doctor's 4 means that it has findings.
const fine = [0, 4];
const watch = 'process.on("exit",()=>console.error("peak "+process.resourceUsage().maxRSS))';

/** Runs a command of `scripts/` as `npm run` does. @throws with its stderr, if it fails */
export async function command(
  databaseUrl: string,
  scratch: string,
  name: string,
  ...args: string[]
): Promise<Took> {
  const file = path.join(scratch, `${name}.out`);
  const out = openSync(file, "w");
  const began = performance.now();
  const child = spawn(process.execPath, ["scripts/run.js", name, ...args], {
    env: childEnvironment({
      DATABASE_URL: databaseUrl,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}`,
    }),
    stdio: ["ignore", out, "pipe"],
  });
  closeSync(out);
  let stderr = "";
  child
    .stderr!.setEncoding("utf8")
    .on("data", (text: string) => (stderr = (stderr + text).slice(-4_000)));
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const seconds = (performance.now() - began) / 1000;
  if (!fine.includes(exitCode ?? -1)) throw new Error(`${name} ended with ${exitCode}: ${stderr}`);
  const peak = Number(/^peak (\d+)$/m.exec(stderr)?.[1]) / 1024;
  return { seconds, peak, stdout: readFileSync(file, "utf8") };
}

/** Findings about the installation rather than its rows. */
const ofTheBench = /^(public-url|twilio-a|postgres-|database-file)/;

/**
 * @returns seconds
 * @throws if the doctor finds anything wrong with the rows, since then the bench made them wrong
 */
export async function doctor(databaseUrl: string, scratch: string): Promise<number> {
  const { seconds, stdout } = await command(databaseUrl, scratch, "doctor", "--offline", "--json");
  const { findings } = JSON.parse(stdout) as { findings: { code: string; finding: string }[] };
  const wrong = findings.filter(({ code }) => !ofTheBench.test(code));
  if (wrong.length > 0)
    throw new Error(`The doctor says: ${wrong.map(({ finding }) => finding).join(" ")}`);
  return seconds;
}

/** @returns seconds to list every number */
export async function list(databaseUrl: string, scratch: string, size: number): Promise<number> {
  const { seconds, stdout } = await command(databaseUrl, scratch, "add-phone-numbers", "--list");
  const lines = stdout.split("\n").length;
  if (lines < size)
    throw new Error(`“numbers --list” has ${lines} lines, and the pool ${size} numbers.`);
  return seconds;
}

/** @returns milliseconds that a scrape of /metrics costs in the database, the lowest of several */
export async function metrics(databaseUrl: string): Promise<number> {
  const db = createDatabase(databaseUrl, { poolMax: 1 });
  try {
    const took: number[] = [];
    for (let time = 0; time < 15; time++) {
      const began = performance.now();
      await Promise.all([poolStatus(db), budgetStatus(db), goneNumbers(db)]);
      took.push(performance.now() - began);
    }
    return Math.min(...took);
  } finally {
    await db.destroy();
  }
}

/** What importing a file of numbers costs. */
export interface ImportCost {
  /** seconds for the command */
  ours: number;
  /** seconds the engine's own way: COPY, or one transaction of plain inserts */
  plain: number;
  /** MB that the command takes beyond what it takes for a file of ten numbers */
  memory: number;
}

/** @param empty makes a new empty database of the engine each time */
export async function imports(
  empty: () => Promise<string>,
  scratch: string,
  numbers: readonly string[],
): Promise<ImportCost> {
  const fileOf = (name: string, lines: readonly string[]) => {
    const file = path.join(scratch, name);
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  };
  const url = await migrated(empty);
  const run = (file: string) => command(url, scratch, "add-phone-numbers", "--from-file", file);
  const short = await run(fileOf("ten.txt", numbers.slice(0, 10)));
  const file = fileOf("all.txt", numbers);
  const long = await run(file);
  const db = createDatabase(await migrated(empty), { statementTimeout: 0, poolMax: 1 });
  try {
    const began = performance.now();
    await plainly(db, file, numbers);
    const plain = (performance.now() - began) / 1000;
    return { ours: long.seconds, plain, memory: long.peak - short.peak };
  } finally {
    await db.destroy();
  }
}

async function migrated(empty: () => Promise<string>): Promise<string> {
  const url = await empty();
  const db = createDatabase(url, { statementTimeout: 0, poolMax: 1 });
  await migrateToLatest(db).finally(() => db.destroy());
  return url;
}

// PostgreSQL reads the file itself, which saves only \copy's transfer; SQLite gets what its shell
// would be given.
async function plainly(db: Knex, file: string, numbers: readonly string[]): Promise<void> {
  if (isPostgres(db)) {
    await db.raw(`copy twilio_phone_numbers (phone_number) from '${file}'`);
    return;
  }
  const connection = (await (db.client as Knex.Client).acquireConnection()) as SqliteConnection;
  const run = (sql: string) =>
    new Promise<void>((resolve, reject) => {
      connection.exec(sql, (error) => (error ? reject(error) : resolve()));
    });
  await run("begin");
  const atOnce = 1_000;
  for (let start = 0; start < numbers.length; start += atOnce) {
    const some = numbers.slice(start, start + atOnce);
    await run(
      some
        .map((number) => `insert into twilio_phone_numbers (phone_number) values ('${number}');`)
        .join("\n"),
    );
  }
  await run("commit");
  await (db.client as Knex.Client).releaseConnection(connection);
}

interface SqliteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

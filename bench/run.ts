/**
 * `npm run bench`: what a request costs, beside a peer and another checkout. docs/performance.md
 * has the figures.
 */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { scratchDirectory } from "../tests/support/scratch.ts";
import { twilio, type Case } from "./cases.ts";
import { fill, type Data } from "./data.ts";
import { createDatabase, finallyDo, finish } from "./databases.ts";
import { floodedAnswers, floodEnvironment } from "./flood.ts";
import { Figures, save, tableOf } from "./figures.ts";
import { requestCost, siteOf, startCost } from "./measure.ts";
import { help, readOptions, UsageError, type Options } from "./options.ts";
import { profileOf } from "./profile.ts";
import { measureScale } from "./scale/scale.ts";
import { checkout, peer, start, type Server, type Subject } from "./subjects.ts";

type Run = (subject: Subject, env?: Record<string, string>) => Promise<Server>;

async function bench(options: Options): Promise<void> {
  if (process.platform !== "linux") {
    throw new UsageError("The bench needs Linux, whose /proc it reads.");
  }
  const scratch = scratchDirectory("bench-");
  finallyDo(() => scratch.remove());
  if (options.scale) return measureScale(options, scratch.path);
  const databaseUrl = await createDatabase();
  const run: Run = async (subject, env) => {
    const logFile = path.join(scratch.path, `${subject.name}.log`);
    const server = await start(subject, logFile, {
      DATABASE_URL: databaseUrl,
      ...twilio,
      ...env,
    });
    finallyDo(() => server.stop());
    return server;
  };

  const ours = checkout("ours", ".");
  const checkouts = [ours];
  if (options.baseline) checkouts.push(checkout("baseline", options.baseline));
  // One unmeasured start, which builds if need be, and migrates.
  for (const subject of checkouts) await (await run(subject)).stop();
  const data = await fill(databaseUrl);

  if (options.profiled) {
    const shares = await profile(run, ours, data, options.profiled, scratch.path);
    process.stdout.write(shares);
    return;
  }
  if (options.flood) {
    for (const subject of checkouts) {
      const server = await run(subject, floodEnvironment);
      process.stdout.write(await floodedAnswers(server, await siteOf(server, data)));
      await server.stop();
    }
    return;
  }
  const figures = new Figures();
  if (options.starts) {
    await measureStarts(run, checkouts, data, options.rounds, figures);
  }
  const subjects = [ours, peer, ...checkouts.slice(1)];
  await measureRequests(run, subjects, data, options, figures);
  process.stdout.write(`\n${tableOf(figures.all)}\n`);
  save(options.json, figures.all, checkouts);
  process.stdout.write(`The rounds are in ${options.json}.\n`);
}

// One server at a time, since PSS divides memory among the processes that share it.
async function measureStarts(
  run: Run,
  subjects: readonly Subject[],
  data: Data,
  rounds: number,
  figures: Figures,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const cost = await startCost(() => run(subject), data);
      figures.add("first answer", "ms", subject, cost.milliseconds);
      figures.add("memory, first answer", "MB", subject, cost.atFirst);
      figures.add("memory, at work", "MB", subject, cost.atWork);
    }
  }
}

async function measureRequests(
  run: Run,
  subjects: readonly Subject[],
  data: Data,
  { chosen, rounds }: Options,
  figures: Figures,
): Promise<void> {
  const sites = [];
  for (const subject of subjects) {
    const server = await run(subject);
    sites.push({ server, site: await siteOf(server, data) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const measured of chosen) {
      for (const { server, site } of sites) {
        if (server.subject === peer && !measured.peer) continue;
        const cost = await requestCost(server, site, measured);
        figures.add(measured.name, "ms", server.subject, cost);
      }
    }
  }
}

/** @returns where a subject spends its time on a case, for people */
async function profile(
  run: Run,
  subject: Subject,
  data: Data,
  profiled: Case,
  scratch: string,
): Promise<string> {
  const directory = path.join(scratch, "profiles");
  mkdirSync(directory);
  const server = await run(subject, {
    NODE_OPTIONS: `--import=${pathToFileURL("bench/profiler.js").href}`,
    PROFILE_DIRECTORY: directory,
  });
  const site = await siteOf(server, data);
  // Once to have V8 compile it, once to be profiled.
  await requestCost(server, site, profiled);
  const from = process.hrtime.bigint();
  await requestCost(server, site, profiled);
  const to = process.hrtime.bigint();
  // It writes the profile as it ends.
  await server.stop();
  return profileOf(directory, { from, to });
}

// Whatever was started ends with this process: see tests/support/left-behind.ts.
process.on("SIGINT", () => {
  process.stderr.write("\nStopped before it was done. No figures were written.\n");
  process.exit(130);
});
try {
  const options = readOptions();
  if (options === "help") process.stdout.write(help);
  else await bench(options);
} catch (error) {
  process.stderr.write(`Error: ${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  await finish();
}

/** `npm run lighthouse`: Lighthouse's scores for the pages; docs/performance.md has the results. */
import path from "node:path";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";
import { findChromium, launchOptions } from "../tests/support/chromium.ts";
import { freePort } from "../tests/support/free-port.ts";
import { scratchDirectory } from "../tests/support/scratch.ts";
import { fill } from "./data.ts";
import { finallyDo, finish } from "./databases.ts";
import { siteOf } from "./measure.ts";
import { checkout, start } from "./subjects.ts";

/** Of 100. Search engines are told to leave a company's own pages alone. */
const least = { performance: 97, accessibility: 100, "best-practices": 100, seo: 100 };
type Category = keyof typeof least;
const categories = Object.keys(least) as Category[];

/** Anything else running on the machine can only lower a score, so the best of a few counts. */
const mostRuns = 3;

const publicPages = ["/", "/signup", "/login", "/forgot", "/api/docs"];
const pagesOf = {
  settled: [
    "/dashboard",
    "/calls",
    "/settings",
    "/settings/phone",
    "/settings/calls",
    "/settings/account",
    "/settings/security",
    "/settings/tokens",
  ],
  choosing: ["/dashboard/choose-number", "/settings/phone/choose"],
} as const;

type Scores = Partial<Record<Category, number>>;

/** @returns the best scores, and which audits the last run failed */
async function judge(url: string, port: number, asked: readonly Category[], cookie?: string) {
  const best: Scores = {};
  let failed: string[] = [];
  const missed = () => asked.filter((name) => (best[name] ?? 0) < least[name]);
  for (let run = 0; run < mostRuns && (run === 0 || missed().length > 0); run++) {
    const result = await lighthouse(url, {
      port,
      logLevel: "error",
      onlyCategories: [...asked],
      ...(cookie !== undefined && { extraHeaders: { Cookie: cookie } }),
    });
    if (!result || result.lhr.runtimeError) {
      throw new Error(`${url}: ${result?.lhr.runtimeError?.message ?? "Lighthouse said nothing."}`);
    }
    const { lhr } = result;
    // Otherwise it would judge the log-in page that it was redirected to.
    if (lhr.finalDisplayedUrl !== url) throw new Error(`${url} led to ${lhr.finalDisplayedUrl}.`);
    for (const name of asked) {
      const score = Math.round((lhr.categories[name]?.score ?? 0) * 100);
      best[name] = Math.max(best[name] ?? 0, score);
    }
    failed = missed().flatMap((name) =>
      (lhr.categories[name]?.auditRefs ?? [])
        .map(({ id, weight }) => ({ weight, audit: lhr.audits[id] }))
        .filter(({ weight, audit }) => weight > 0 && (audit?.score ?? 1) < 0.9)
        .map(({ audit }) => `${audit?.title} ${audit?.displayValue ?? ""}`.trim()),
    );
  }
  return { best, failed, passed: missed().length === 0 };
}

async function run(): Promise<boolean> {
  const scratch = scratchDirectory("lighthouse-");
  finallyDo(() => scratch.remove());
  const databaseUrl = `sqlite:${path.join(scratch.path, "app.db")}`;
  const server = await start(checkout("ours", "."), path.join(scratch.path, "server.log"), {
    DATABASE_URL: databaseUrl,
  });
  finallyDo(() => server.stop());
  const site = await siteOf(server, await fill(databaseUrl));

  const found = await findChromium(process.env["CHROMIUM_PATH"]);
  finallyDo(() => found.remove());
  const port = await freePort();
  const options = launchOptions(found.chromium);
  const browser = await chromium.launch({
    ...options,
    args: [...options.args, `--remote-debugging-port=${port}`],
  });
  finallyDo(() => browser.close());

  const row = (page: string, cells: readonly string[]) =>
    `${page.padEnd(26)}${cells.map((cell) => cell.padStart(15)).join("")}\n`;
  process.stdout.write(row("", categories));
  let good = true;
  const look = async (page: string, asked: readonly Category[], cookie?: string) => {
    const { best, failed, passed } = await judge(server.url + page, port, asked, cookie);
    good &&= passed;
    process.stdout.write(
      row(
        page,
        categories.map((name) => String(best[name] ?? "")),
      ),
    );
    for (const audit of failed) process.stdout.write(`    ${audit}\n`);
  };
  for (const page of publicPages) await look(page, categories);
  const own = categories.filter((name) => name !== "seo");
  for (const who of ["settled", "choosing"] as const) {
    for (const page of pagesOf[who]) await look(page, own, site[who]);
  }
  return good;
}

try {
  if (!(await run())) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`Error: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  await finish();
}

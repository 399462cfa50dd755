import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Knex } from "knex";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { addToPool, batchSize } from "#app/domain/pool.server.ts";
import { importNumbers } from "../../scripts/import/import.ts";
import { Report } from "../../scripts/import/report.ts";
import { insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { until } from "../support/load.ts";
import { runScript } from "../support/script.ts";

let made = 0;
function fileOf(lines: readonly string[]): string {
  const file = path.join(inject("runDirectory"), `import-${process.pid}-${++made}.csv`);
  writeFileSync(file, lines.join("\n"));
  return file;
}

describe.each(engines)("importing a file on %s", (engine) => {
  let url: string;
  let db: Knex;
  beforeEach(async () => {
    ({ url } = await createMigratedDatabase(engine));
    db = openDatabase(url);
  });

  const run = (...args: string[]) =>
    runScript("add-phone-numbers", args, { env: { DATABASE_URL: url } });
  /** Starts the script with a stdin and a stdout of the test's own. */
  const start = (shell: string) =>
    spawn("sh", ["-c", `exec ${process.execPath} scripts/run.js add-phone-numbers ${shell}`], {
      env: childEnvironment({ DATABASE_URL: url }),
      stdio: ["pipe", "pipe", "pipe"],
    });
  const pool = () => db("twilio_phone_numbers").orderBy("id").pluck<string[]>("phone_number");

  test("rejected lines can be corrected and imported again", async () => {
    const rejects = fileOf([]);
    const table = fileOf([
      "Name;Phone_Number",
      "Ann;+353861234567",
      '"Bell; Son";0861234568',
      "Cid;3,53861E+11",
    ]);
    const first = await run("--from-file", table, "--rejects", rejects);
    expect(first.stdout).toContain("invalid        line 3: “0861234568” needs its country code");
    expect(first.stdout).toContain("\n1 added, 0 already there, 2 invalid.\n");
    expect(first.stderr).toBe(
      `Next: mend ${rejects}, then “npm run numbers -- --from-file ${rejects}”.\n`,
    );
    expect(first.exitCode).toBe(1);
    const [heading, bell, cid] = readFileSync(rejects, "utf8").split("\r\n");
    expect(heading).toBe("Name,Phone_Number,line,reason");
    expect(bell).toMatch(/^"Bell; Son",0861234568,3,"needs its country code/);
    expect(cid).toMatch(/^Cid,"3,53861E\+11",4,"has lost digits/);

    writeFileSync(rejects, readFileSync(rejects, "utf8").replace("0861234568", "+353861234568"));
    const stillRejected = fileOf([]);
    const second = await run("--from-file", rejects, "--rejects", stillRejected);
    expect(second.stdout).toContain("1 added, 0 already there, 1 invalid.");
    // The line and the reason of the first import make room for those of the second.
    const [sameHeading, stillCid] = readFileSync(stillRejected, "utf8").split("\r\n");
    expect(sameHeading).toBe(heading);
    expect(stillCid).toBe(cid!.replace(",4,", ",3,"));

    writeFileSync(
      stillRejected,
      readFileSync(stillRejected, "utf8").replace('"3,53861E+11"', "+353861234569"),
    );
    const third = await run("--from-file", stillRejected);
    expect(third.stdout).toContain("1 added, 0 already there, 0 invalid.");
    expect(await pool()).toEqual(["+353861234567", "+353861234568", "+353861234569"]);
  });

  test("without a file rejects go to stderr, as lines that can be imported again", async () => {
    const { stderr } = await run("--from-file", fileOf(["+353861234567", "0861234568 # Bob"]));
    const [reject = ""] = stderr.split("\n");
    expect(reject).toMatch(/^0861234568 # line 2: needs its country code/);
    const again = await run("--from-file", fileOf([reject.replace("08", "+3538")]));
    expect(again.stdout).toContain("added          line 1: +353 86 123 4568");
  });

  test("an unwritable file for rejects is reported before anything is added", async () => {
    const list = fileOf(["+353861234567", "x"]);
    for (const [rejects, says] of [
      [
        "/nowhere/at/all.csv",
        "Error: The rejects cannot be written to /nowhere/at/all.csv: there is no such directory.",
      ],
      [
        path.dirname(list),
        `Error: The rejects cannot be written to ${path.dirname(list)}: it is a directory.`,
      ],
      [list, `Error: --rejects would write over ${list} itself; name another file.`],
    ] as const) {
      const { stderr, stdout, exitCode } = await run("--from-file", list, "--rejects", rejects);
      expect(stderr).toBe(`${says}\n`);
      expect(stdout).toBe("");
      expect(exitCode).toBe(rejects === list ? 2 : 1);
    }
    expect(readFileSync(list, "utf8")).toBe("+353861234567\nx");
    expect(await pool()).toEqual([]);
  });

  test("a disk that fills under the rejects or under stdout is one line, and says what was added", async () => {
    const list = fileOf(["+353861234567", "x"]);
    const full = await run("--from-file", list, "--rejects", "/dev/full");
    expect(full.stderr).toBe(
      "2 read: 1 added, 0 already there, 1 invalid; once what follows is mended, the same command adds the rest.\n" +
        "Error: The rejects cannot be written to /dev/full: the disk is full.\n",
    );
    expect(full.exitCode).toBe(1);
    const child = start(`--from-file ${fileOf(someNumbers(3))} > /dev/full`);
    expect(await text(child.stderr)).toMatch(
      /^stdout took no more lines \(ENOSPC\)\. 3 added, 0 already there, 0 invalid\.\nNext/,
    );
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(1);
    expect(await pool()).toHaveLength(4);
  });

  test("a reader of stdout that goes stops nothing", async () => {
    const child = start(`--from-file ${fileOf(someNumbers(3 * batchSize))}`);
    child.stdout.destroy();
    expect(await text(child.stderr)).toMatch(
      /^stdout took no more lines \(EPIPE\)\. 3000 added, 0 already there, 0 invalid\.\nNext/,
    );
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(0);
    expect(await pool()).toHaveLength(3 * batchSize);
  });

  test("all or nothing adds nothing if one is invalid, and otherwise all, in the file's order", async () => {
    const numbers = someNumbers(2 * batchSize + 5).toReversed();
    await addToPool(db, numbers.slice(0, 2));
    const bad = await run("--all-or-nothing", "--from-file", fileOf([...numbers, "x"]));
    expect(bad.stdout).toContain(`\n0 added, 2 already there, 1 invalid.\n`);
    expect(bad.stderr).toContain("Nothing was added, since not all can be.");
    expect(bad.exitCode).toBe(1);
    expect(await pool()).toHaveLength(2);
    const good = await run("--all-or-nothing", "--from-file", fileOf(numbers));
    expect(good.stdout).toContain(`\n${numbers.length - 2} added, 2 already there, 0 invalid.\n`);
    expect(good.exitCode).toBe(0);
    expect(await pool()).toEqual(numbers);
    const facts = await db("numbers_on_offer").whereNull("kind").first("id");
    expect(facts).toBeUndefined();
  });

  test("all or nothing says how far it is, first with reading, then with adding", async () => {
    const numbers = someNumbers(2 * batchSize + 1);
    await addToPool(db, numbers.slice(0, 1));
    const how = { json: false, dryRun: false, allOrNothing: true };
    const said: (string | number)[][] = [];
    async function* given() {
      yield numbers.map((number) => ({ text: number }));
    }
    await importNumbers(openDatabase(url, { poolMax: 1 }), given(), {
      report: new Report({ failure: undefined, write: async () => {} }, how),
      rejects: undefined,
      way: "all or nothing",
      signal: new AbortController().signal,
      onProgress: (read) => said.push(["read", read]),
      onEntering: (done, staged) => said.push(["entered", done, staged]),
    });
    expect(said).toEqual([
      ["read", batchSize],
      ["read", 2 * batchSize],
      ["read", 2 * batchSize + 1],
      ["entered", batchSize, 2 * batchSize],
      ["entered", 2 * batchSize, 2 * batchSize],
    ]);
  });

  test("two imports of one file at once add each line once", async () => {
    const numbers = someNumbers(4 * batchSize);
    const [file, reversed] = [fileOf(numbers), fileOf(numbers.toReversed())];
    const both = await Promise.all([
      run("--from-file", file, "--json"),
      run("--from-file", reversed, "--json"),
    ]);
    const documents = both.map(
      ({ stdout }) =>
        JSON.parse(stdout) as { added: number; already_there: number; numbers: unknown[] },
    );
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(documents[0]!.added + documents[1]!.added).toBe(numbers.length);
    for (const { added, already_there, numbers: all } of documents) {
      expect(added + already_there).toBe(numbers.length);
      expect(all).toHaveLength(numbers.length);
    }
    expect((await pool()).toSorted()).toEqual(numbers);
  });

  test("people can sign up meanwhile", async () => {
    const importing = run("--from-file", fileOf(someNumbers(10 * batchSize)), "--json");
    let isOver = false;
    void importing.finally(() => (isOver = true));
    let companies = 0;
    await until("the first batch is in", async () => (await pool()).length > 0);
    while (!isOver) {
      await insertCompany(db);
      companies++;
    }
    expect((await importing).exitCode).toBe(0);
    expect(companies).toBeGreaterThan(5);
  });

  test("Ctrl-C says how many went in, and the same command again adds the rest", async () => {
    const numbers = someNumbers(10 * batchSize);
    const child = start("--from-file -");
    const said = text(child.stderr);
    child.stdout.resume();
    child.stdin.on("error", () => {});
    // The rest, for which it waits, does not come.
    child.stdin.write(numbers.join("\n"));
    await until("a batch is in", async () => (await pool()).length >= batchSize);
    child.kill("SIGINT");
    const [, added] =
      /(\d+) read: \1 added, 0 already there, 0 invalid; the same command again adds the rest/.exec(
        await said,
      ) ?? [];
    expect(await said).toMatch(/^\nStopped before it was done\. [^\n]+\n$/);
    expect(child.exitCode ?? (await once(child, "exit"))[0]).toBe(130);
    expect(await pool()).toEqual(numbers.slice(0, Number(added)));
    const again = await run("--from-file", fileOf(numbers), "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      added: numbers.length - Number(added),
      already_there: Number(added),
      complete: true,
    });
  });

  test("a database that fills in the middle keeps the batches before, and none of the last", async () => {
    const numbers = someNumbers(20 * batchSize);
    const importer = openDatabase(url, { poolMax: 1 });
    await (engine === "postgres"
      ? db.raw(`create function fill() returns trigger language plpgsql as $$ begin
                  if new.phone_number = '${numbers[2 * batchSize]}' then raise disk_full; end if; return new; end $$;
                create trigger fill before insert on twilio_phone_numbers for each row execute function fill()`)
      : importer.raw("pragma max_page_count = 700"));
    const report = new Report(
      { failure: undefined, write: async () => {} },
      {
        json: false,
        dryRun: false,
        allOrNothing: false,
      },
    );
    async function* given() {
      yield numbers.map((number) => ({ text: number }));
    }
    const failure = await importNumbers(importer, given(), {
      report,
      rejects: undefined,
      way: "in batches",
      signal: new AbortController().signal,
      onProgress: () => {},
      onEntering: () => {},
    }).catch((error: unknown) => error);
    expect(isDatabaseUnavailable(failure)).toBe(true);
    expect(report.added).toBeGreaterThan(0);
    expect(report.added % batchSize).toBe(0);
    expect(await pool()).toEqual(numbers.slice(0, report.added));
  });

  test("a warning that repeats is counted after the first twenty", async () => {
    const { stderr, stdout } = await run(
      "--from-file",
      fileOf(Array.from({ length: 25 }, (_, i) => `+1 000 000 00${10 + i}`)),
    );
    expect(stdout).toContain("25 added");
    expect(stderr.match(/^Warning: line /gm)).toHaveLength(20);
    expect(stderr).toContain("Warning: 5 more numbers are in no numbering plan we know.\n");
  });

  test("a long file takes no more memory than a short one, give or take 80 MB", async () => {
    const peak = async (lines: readonly string[]) => {
      const watch = 'process.on("exit",()=>console.error(process.resourceUsage().maxRSS))';
      const { stderr, exitCode } = await runScript(
        "add-phone-numbers",
        ["--from-file", fileOf(lines)],
        {
          env: {
            DATABASE_URL: url,
            NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}`,
          },
        },
      );
      expect(exitCode).toBe(0);
      return Number(stderr.trim().split("\n").at(-1)) / 1024;
    };
    const short = await peak(someNumbers(10));
    const long = await peak(someNumbers(30_000));
    expect(long - short).toBeLessThan(80);
  });
});

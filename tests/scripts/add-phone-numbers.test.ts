import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, inject, test } from "vitest";
import type { Knex } from "knex";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  engines,
  openDatabase,
} from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { sightOfReading } from "../support/reading-stdin.ts";
import { runScript, type ScriptRun } from "../support/script.ts";

describe.each(engines)("add-phone-numbers on %s", (engine) => {
  let url: string;
  let db: Knex;
  beforeEach(async () => {
    ({ url } = await createMigratedDatabase(engine));
    db = openDatabase(url);
  });

  const run = (args: string[], input?: string): Promise<ScriptRun> =>
    runScript("add-phone-numbers", args, {
      env: { DATABASE_URL: url },
      ...(input !== undefined && { input }),
    });
  const pool = () => db("twilio_phone_numbers").orderBy("id").pluck<string[]>("phone_number");

  test("adds, reports each line's result, and is safe to run again", async () => {
    const args = ["+353 86 123 4567", "+353861234567", "0861234567", "+abc"];
    const first = await run(args);
    expect(first.stdout).toBe(
      [
        "added          +353 86 123 4567",
        "already there  +353 86 123 4567",
        "invalid        “0861234567” needs its country code, like +353 86 123 4567",
        "invalid        “+abc” is not a phone number in international format, like +353 86 123 4567",
        "",
        "1 added, 1 already there, 2 invalid.",
        "",
      ].join("\n"),
    );
    expect(first.exitCode).toBe(1);
    const second = await run(args.slice(0, 1));
    expect(second.stdout).toContain("already there  +353 86 123 4567");
    expect(second.exitCode).toBe(0);
    expect(await pool()).toEqual(["+353861234567"]);
  });

  test("an assigned number counts as already there, and stays its company's", async () => {
    const [number] = await fillPool(db, 1);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, number);
    const result = await run([number!, "+442079460123"]);
    expect(result.stdout).toContain("1 added, 1 already there, 0 invalid.");
    expect(result.exitCode).toBe(0);
    expect(await db("companies").where({ id: company }).first()).toMatchObject({
      twilio_phone_number: number,
    });
  });

  test("reads files from any system, names the line, and warns about possible but invalid numbers", async () => {
    const file = path.join(inject("runDirectory"), `${engine}-numbers.txt`);
    writeFileSync(
      file,
      "\uFEFF# ours\r\n+353 86 123 4567 # mobile\r\n\r\nnonsense\r\n+1 000 000 0000",
    );
    const result = await run(["--from-file", file]);
    expect(result.stdout).toContain("added          line 2: +353 86 123 4567");
    expect(result.stdout).toContain("invalid        line 4: “nonsense” is not");
    expect(result.stdout).toContain("added          line 5: ");
    expect(result.stderr).toMatch(/Warning: line 5: .*possible length/);
    expect(result.exitCode).toBe(1);
    expect(await pool()).toEqual(["+353861234567", "+10000000000"]);
  });

  test("--dry-run prints the same counts and writes nothing", async () => {
    await fillPool(db, 1);
    const lines = "+353860000000\n+442079460123\n+442079460123\nx\n";
    const dry = await run(["--from-file", "-", "--dry-run", "--json"], lines);
    expect(await pool()).toHaveLength(1);
    const real = await run(["--from-file", "-", "--json"], lines);
    const { dry_run, ...would } = JSON.parse(dry.stdout) as Record<string, unknown>;
    const did = JSON.parse(real.stdout) as Record<string, unknown>;
    expect(dry_run).toBe(true);
    expect(did).toEqual({ ...would, dry_run: false });
    expect(did).toMatchObject({ added: 1, already_there: 2, invalid: 1 });
    expect(await pool()).toHaveLength(2);
  });

  test("--dry-run says what it would add, and adds nothing", async () => {
    await fillPool(db, 1);
    const dry = await run(["--dry-run", "+442079460123", "+353860000000", "x"]);
    expect(dry.stdout.split("\n")).toEqual([
      "would add      +44 20 7946 0123",
      "already there  +353 86 000 0000",
      expect.stringMatching(/^invalid {8}“x”/),
      "",
      "Would add 1, 1 already there, 1 invalid.",
      "",
    ]);
    expect(await pool()).toHaveLength(1);
  });

  test("waits for a stdin that comes slowly", async () => {
    const reading = sightOfReading();
    const child = spawn(
      process.execPath,
      ["scripts/run.js", "add-phone-numbers", "--from-file", "-"],
      {
        env: childEnvironment({ DATABASE_URL: url, ...reading.env }),
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    const [out, err] = [text(child.stdout), text(child.stderr)];
    await reading.seen();
    child.stdin.write("+353 86 1");
    child.stdin.end("23 9991\n");
    expect(await out).toContain("added          line 1: +353 86 123 9991");
    expect(await err).not.toContain("EAGAIN");
    expect(await pool()).toEqual(["+353861239991"]);
  });

  test.each([
    [["+353", "86", "300", "0020"], "'+353 86 300 0020'"],
    [["+442079460123", "00353", "86", "300", "0020"], "'00353 86 300 0020'"],
    [["+353", "86", "300", "0020", "+44", "20", "7946", "0123"], "'+353 86 300 0020'"],
    [["(+353)", "86", "300", "0020"], "'(+353) 86 300 0020'"],
  ])("%j is a number without quotes, and nothing is added", async (args, quoted) => {
    const result = await run(args);
    expect(result.stderr).toBe(
      `Error: A number with spaces needs quotes, so nothing was added: npm run numbers -- ${quoted}\n`,
    );
    expect(result.exitCode).toBe(2);
    expect(await pool()).toEqual([]);
  });

  test("a company's name is shown with its joiners, and without control characters", async () => {
    const [number] = await fillPool(db, 1);
    const company = await insertCompany(db, {
      company_name: "می\u200Cخواهم 👩\u200D💻 \u202E\u009b",
    });
    await assignPhoneNumber(db, company, number);
    expect((await run([])).stdout).toContain("  می\u200Cخواهم 👩\u200D💻 �� (company");
  });

  test("with nothing to add it shows the pool", async () => {
    const [first] = await fillPool(db, 2);
    const company = await insertCompany(db, { company_name: "Bell\u001b[31m" });
    await insertCompany(db);
    await assignPhoneNumber(db, company, first);
    const status = await run([]);
    const lines = status.stdout.split("\n");
    expect(lines[0]).toBe(
      "LOW: 1 available, fewer than 10 (LOW_POOL_THRESHOLD); 1 company has no number yet.",
    );
    expect(lines[1]).toBe("1 available, 1 assigned, 2 in all.");
    expect(lines[2]).toBe("Assigned in the last hour: 1, of 60.");
    expect(lines[3]).toMatch(
      /^\+353 86 000 0000 +Bell�\[31m \(company \d+\) since 20\d\d-\d\d-\d\dT[\d:]+Z$/,
    );
    expect(lines).toHaveLength(5);
    expect((await run(["--list"])).stdout).toMatch(/\+353 86 000 0001 +available since 20/);
    const json = JSON.parse((await run(["--json"])).stdout) as object;
    expect(json).toMatchObject({
      available: 1,
      assigned: 1,
      companies_waiting: 1,
      low: true,
      assigned_last_hour: 1,
      assignments_per_hour: 60,
      open_until: null,
      numbers: [{ phone_number: first, company_id: company }],
    });
  });

  test("--open-for lifts the limit on assignments for a time, and 0 puts it back", async () => {
    const opened = await run(["--open-for", "60"]);
    expect(opened.exitCode).toBe(0);
    const [, until = ""] =
      /^Until (\S+Z) any number of numbers may be assigned\.\n$/.exec(opened.stdout) ?? [];
    expect(Date.parse(until) - Date.now()).toBeGreaterThan(59 * 60_000);
    expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(60 * 60_000);
    expect((await run([])).stdout).toContain(
      `Assigned in the last hour: 0; until ${until} without a limit.`,
    );
    expect(JSON.parse((await run(["--open-for", "0", "--json"])).stdout)).toEqual({
      open_until: null,
      budget: 60,
      assigned_last_hour: 0,
    });
    expect((await run([])).stdout).toContain("Assigned in the last hour: 0, of 60.");
  });

  test.each([
    [["--open-for", "soon"], /--open-for takes minutes, a whole number from 0 to 1440\./],
    [["--open-for", "1441"], /--open-for takes minutes/],
    [["--open-for", "5", "+353861234567"], /--open-for stands alone/],
    [["--form-file", "x"], /Unknown option --form-file\. Did you mean --from-file\?/],
    [["--from-file"], /--from-file needs a value/],
    [["--list", "+353861234567"], /--list shows the pool/],
    [["--json=yes"], /--json takes no value/],
  ])("%j is wrong usage", async (args, message) => {
    const result = await run(args);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(result.stdout).toBe("");
  });

  test("a missing file, and one without numbers, are reported as such", async () => {
    const missing = await run(["--from-file", "no-such-file.txt"]);
    expect(missing.stderr).toContain("there is no such file");
    expect(missing.exitCode).toBe(1);
    const empty = await run(["--from-file", "-"], "# nothing\n");
    expect(empty.stderr).toContain("stdin holds no numbers");
    expect(empty.exitCode).toBe(1);
  });

  test("for a database without tables the command that makes them is named", async () => {
    const { url: empty } = await createTestDatabase(engine);
    for (const args of [[], ["+353861234567"]]) {
      const result = await runScript("add-phone-numbers", args, {
        env: { DATABASE_URL: empty },
      });
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain("npm run migrate");
      expect(result.stdout).toBe("");
    }
  });
});

test("a server that is away is one line without a secret", async () => {
  const { exitCode, stderr } = await runScript("add-phone-numbers", [], {
    env: { DATABASE_URL: "postgres://app:s3cret@127.0.0.1:1/app" },
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Error: The database cannot be reached[^\n]*\n$/);
  expect(stderr).not.toContain("s3cret");
});

test("a bad DATABASE_URL is one line that names it", async () => {
  const { exitCode, stderr } = await runScript("add-phone-numbers", [], {
    env: { DATABASE_URL: "mysql://x" },
  });
  expect(exitCode).toBe(1);
  expect(stderr).toBe("Error: DATABASE_URL must be postgres://…, postgresql://… or sqlite:PATH.\n");
});

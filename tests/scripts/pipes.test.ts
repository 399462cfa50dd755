import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { batchSize } from "#app/domain/pool.server.ts";
import { fillPool, insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { Operator, pointedHere, publicUrl } from "../support/operator.ts";
import { startTwilioApi } from "../support/twilio-api.ts";

let url: string;
let db: Knex;
beforeEach(async () => {
  ({ url } = await createMigratedDatabase("sqlite"));
  db = openDatabase(url);
});

/** A script whose ends a test has to itself. */
const start = (command: string[], env: Record<string, string> = {}) =>
  spawn(process.execPath, ["scripts/run.js", ...command], {
    env: childEnvironment({ DATABASE_URL: url, ...env }),
  });

const ended = async (child: ReturnType<typeof start>) =>
  child.exitCode ?? ((await once(child, "exit"))[0] as number | null);

const isCalm = /^(?!.*(Error|\bat |EPIPE|node:))/s;

describe("a reader of stdout that has seen enough", () => {
  test.each<[exitCode: number, ...command: string[]]>([
    [0, "add-phone-numbers", "--list"],
    [0, "add-phone-numbers", "--list", "--json"],
    [0, "export"],
    [0, "export", "--json"],
    [0, "companies"],
    [0, "audit"],
    [0, "test-phone-assignment"],
    [4, "doctor", "--offline", "--json"],
  ])("leaves %i as the exit code of %s %s", async (exitCode, ...command) => {
    await fillPool(db, 2_100);
    await insertCompany(db);
    // Something for the doctor to find.
    await db.raw("drop index twilio_phone_numbers_on_offer");
    const child = start(command);
    child.stdout.destroy();
    const said = await text(child.stderr);
    expect(await ended(child)).toBe(exitCode);
    expect(said).toMatch(isCalm);
  });

  test("stops no sync, which says by its exit code how it went", async () => {
    const api = await startTwilioApi();
    const numbers = someNumbers(3);
    for (const number of numbers) api.buy(number, pointedHere);
    api.buy("+353861234567", { capabilities: null as never });
    const child = start(["sync-twilio-numbers"], { PUBLIC_URL: publicUrl, ...api.environment });
    child.stdout.destroy();
    expect(await text(child.stderr)).toMatch(/^Warning: [^\n]+\nNext: run “npm run sync” again/);
    expect(await ended(child)).toBe(1);
    expect(await db("twilio_phone_numbers").pluck("phone_number")).toEqual(numbers);
    expect((await new Operator(api, url).examine()).findings).toHaveLength(1);
  });
});

test("a disk that is full under a list of the pool is one line", async () => {
  await fillPool(db, 2_100);
  for (const command of ["add-phone-numbers --list", "export", "doctor --offline"]) {
    const child = spawn(
      "sh",
      ["-c", `exec ${process.execPath} scripts/run.js ${command} > /dev/full`],
      {
        env: childEnvironment({ DATABASE_URL: url }),
      },
    );
    expect(await text(child.stderr)).toContain("Error: stdout cannot be written (ENOSPC).\n");
    expect(await ended(child)).toBe(1);
  }
});

test("a stderr that nobody reads stops no import, of which the rest is on stdout", async () => {
  const numbers = someNumbers(3 * batchSize);
  const child = start(["add-phone-numbers", "--from-file", "-"]);
  child.stderr.destroy();
  const told = text(child.stdout);
  child.stdin.end(["0861234567", "+1 000 000 0010", ...numbers, "nobody"].join("\n"));
  expect((await told).trim().split("\n").at(-1)).toBe("3001 added, 0 already there, 2 invalid.");
  expect(await ended(child)).toBe(1);
  expect(await db("twilio_phone_numbers")).toHaveLength(3_001);
});

test("a writer of stdin that dies leaves what it had written, and a count of it", async () => {
  const child = start(["add-phone-numbers", "--from-file", "-"]);
  const [told, said] = [text(child.stdout), text(child.stderr)];
  child.stdin.write("+353861234567\n+353861234568\n+35386");
  child.stdin.destroy();
  expect(await told).toContain("2 added, 0 already there, 1 invalid.");
  expect(await said).toMatch(/^\+35386 # line 3: /);
  expect(await ended(child)).toBe(1);
});

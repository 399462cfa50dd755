import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { assignmentsInBothTables, insertCompany, someNumbers } from "../support/companies.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  engines,
  openDatabase,
} from "../support/databases.ts";
import { Operator, pointedHere, publicUrl, smsOnly } from "../support/operator.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

let api: TwilioApi;
let db: Knex;
let operator: Operator;

async function prepare(engine: (typeof engines)[number]): Promise<void> {
  api = await startTwilioApi();
  const { url } = await createMigratedDatabase(engine);
  db = openDatabase(url);
  operator = new Operator(api, url);
}

const sync = (args: string[] = [], env: Record<string, string> = {}) =>
  operator.run("sync-twilio-numbers", args, env);

const pool = () => db("twilio_phone_numbers").orderBy("id").pluck<string[]>("phone_number");

describe.each(engines)("sync-twilio-numbers on %s", (engine) => {
  beforeEach(() => prepare(engine));

  test("adds numbers that take calls, points them here, and says so", async () => {
    api.buy("+353861234567");
    api.buy("+353861234568", pointedHere);
    api.buy("+353861234569", { ...pointedHere, voice_method: "GET" });
    api.buy("+353861234570", smsOnly);
    const { exitCode, stdout, stderr } = await sync();
    expect(stdout).toBe(
      [
        "added     +353 86 123 4567",
        "added     +353 86 123 4568",
        "added     +353 86 123 4569",
        "pointed   +353 86 123 4567    voiceUrl, voiceFallbackUrl, statusCallback",
        "pointed   +353 86 123 4569    voiceMethod",
        "left out  +353 86 123 4570    takes no calls",
        "",
        `Of 4 numbers in the account were: 3 added to the pool, 2 pointed at ${publicUrl}, 0 unchanged, 1 left out, 0 failed.`,
        "",
      ].join("\n"),
    );
    expect(stderr).toContain("Next: “npm run doctor”");
    expect(exitCode).toBe(0);
    const wanted = ["+353861234567", "+353861234568", "+353861234569"];
    expect((await pool()).toSorted()).toEqual(wanted);
    for (const number of wanted) {
      expect(api.find(number)).toMatchObject(pointedHere);
    }
    expect(api.updates().map(({ form }) => Object.keys(form))).toEqual(
      expect.arrayContaining([
        ["VoiceMethod"],
        expect.arrayContaining(["VoiceUrl", "VoiceFallbackUrl", "StatusCallback"]),
      ]),
    );
    expect(api.find("+353861234570").voice_url).toBe("https://demo.twilio.com/welcome/voice/");
  });

  test("a second run changes nothing", async () => {
    for (const number of someNumbers(3)) api.buy(number);
    await sync();
    const before = api.updates().length;
    const { exitCode, stdout } = await sync();
    expect(stdout).toContain(
      "0 added to the pool, 0 pointed at https://numbers.example.com, 3 unchanged, 0 left out, 0 failed.",
    );
    expect(exitCode).toBe(0);
    expect(api.updates()).toHaveLength(before);
    expect(await pool()).toHaveLength(3);
  });

  test("a dry run prints the same numbers and writes nothing", async () => {
    api.buy("+353861234567");
    api.buy("+353861234568", pointedHere);
    api.buy("+353861234569", smsOnly);
    await addToPool(db, ["+353861234568"]);
    const rehearsed = await sync(["--dry-run", "--json"]);
    expect(rehearsed.exitCode).toBe(0);
    expect(api.updates()).toEqual([]);
    expect(await pool()).toEqual(["+353861234568"]);
    const done = await sync(["--json"]);
    const planned = JSON.parse(rehearsed.stdout) as object;
    expect(JSON.parse(done.stdout)).toEqual({ ...planned, dry_run: false });
    expect(planned).toEqual({
      dry_run: true,
      public_url: publicUrl,
      in_account: 3,
      added: 1,
      pointed: 1,
      unchanged: 1,
      left_out: 1,
      failed: 0,
      numbers: {
        added: ["+353861234567"],
        pointed: [
          {
            phone_number: "+353861234567",
            settings: ["voiceUrl", "voiceFallbackUrl", "statusCallback"],
          },
        ],
        left_out: [{ phone_number: "+353861234569", reason: "takes no calls" }],
        failed: [],
      },
    });
  });

  test("a dry run says what it would do", async () => {
    api.buy("+353861234567");
    const { stdout } = await sync(["--dry-run"]);
    expect(stdout).toContain("would add    +353 86 123 4567\n");
    expect(stdout).toMatch(/^would point {2}\+353 86 123 4567 +voiceUrl/m);
    expect(stdout).not.toMatch(/^(added|pointed)/m);
  });

  test("an assigned number is pointed here and remains its company's", async () => {
    await addToPool(db, ["+353861234567"]);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, "+353861234567");
    const before = await assignmentsInBothTables(db);
    api.buy("+353861234567");
    const { exitCode, stdout } = await sync();
    expect(exitCode).toBe(0);
    expect(stdout).toContain("0 added to the pool, 1 pointed at");
    expect(api.find("+353861234567")).toMatchObject(pointedHere);
    expect(await assignmentsInBothTables(db)).toEqual(before);
  });

  test.each([
    ["voice_url", "https://old.example.com/twilio/voice"],
    ["status_callback", "https://crm.example.com/calls"],
  ])("a number whose %s is somebody else's is left alone until --take-over", async (field, old) => {
    api.buy("+353861234567", { [field]: old });
    await addToPool(db, ["+353861234568"]);
    api.buy("+353861234568", { ...pointedHere, [field]: old });
    const { exitCode, stdout } = await sync();
    const why = `has ${old} at Twilio (--take-over points it here)`;
    expect(stdout).toContain(`left out  +353 86 123 4567    ${why}\n`);
    expect(stdout).toContain(`failed    +353 86 123 4568    ${why}, yet it is in the pool\n`);
    expect(exitCode).toBe(1);
    expect(api.updates()).toEqual([]);
    expect(await pool()).toEqual(["+353861234568"]);

    const taken = await sync(["--take-over"]);
    expect(taken.stdout.split(`(was ${old})`)).toHaveLength(3);
    expect(taken.exitCode).toBe(0);
    for (const number of ["+353861234567", "+353861234568"]) {
      expect(api.find(number)).toMatchObject(pointedHere);
    }
  });

  test("an entry that cannot be read is named and skipped, and the others arrive", async () => {
    api.buy("+353861234567", { capabilities: null as never });
    api.buy("+353861234568", { phone_number: null as never, sid: "PN1" });
    api.buy("+353861234569");
    const { exitCode, stdout } = await sync();
    const why = "cannot be read in Twilio's list, and was skipped";
    expect(stdout).toContain(`failed    +353 86 123 4567    ${why}\n`);
    expect(stdout).toMatch(new RegExp(`^failed {4}PN1 +${why}$`, "m"));
    expect(stdout).toContain("Of 3 numbers in the account were: 1 added");
    expect(exitCode).toBe(1);
    expect(await pool()).toEqual(["+353861234569"]);
  });

  test("all numbers arrive, even if they fill more than a page and a chunk", async () => {
    const numbers = someNumbers(1_250);
    for (const number of numbers) api.buy(number, pointedHere);
    const { stdout } = await sync();
    expect(stdout).toContain("Of 1250 numbers in the account were: 1250 added");
    expect((await pool()).toSorted()).toEqual(numbers);
  });

  test("a number that fails is named with its reason, and stays out of the pool; the others go on", async () => {
    for (const number of someNumbers(3)) api.buy(number);
    const [first, failing, last] = someNumbers(3);
    api.fail({
      status: 400,
      code: 21402,
      message: "VoiceUrl is not a valid URL",
      for: ({ phoneNumber }) => phoneNumber === failing,
    });
    const { exitCode, stdout, stderr } = await sync();
    expect(stdout).toContain(
      "failed    +353 86 000 0001    HTTP 400, Twilio's error 21402: VoiceUrl is not a valid URL\n",
    );
    expect(stdout).toContain("2 added to the pool, 2 pointed");
    expect(stdout).toContain("1 failed.");
    expect(stderr).toContain("Next: run “npm run sync” again");
    expect(exitCode).toBe(1);
    expect((await pool()).toSorted()).toEqual([first, last]);
    expect((await sync()).exitCode).toBe(0);
    expect((await pool()).toSorted()).toEqual(someNumbers(3));
  });

  test("a database that is not migrated is refused before anything is changed", async () => {
    api.buy("+353861234567");
    const empty = await createTestDatabase(engine);
    // SQLite's file is there from the first question on.
    await openDatabase(empty.url).raw("select 1");
    const { exitCode, stdout, stderr } = await sync([], {
      DATABASE_URL: empty.url,
    });
    expect(stdout).toBe("");
    expect(stderr).toContain("Run “npm run migrate” first");
    expect(exitCode).toBe(1);
    expect(api.requests).toEqual([]);
  });
});

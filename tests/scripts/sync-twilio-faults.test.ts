import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { isReachableByTwilio } from "#app/twilio/voice-settings.server.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { Operator, smsOnly } from "../support/operator.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

let api: TwilioApi;
let db: Knex;
let operator: Operator;

beforeEach(async () => {
  api = await startTwilioApi();
  const { url } = await createMigratedDatabase("sqlite");
  db = openDatabase(url);
  operator = new Operator(api, url);
});

const sync = (args: string[] = [], env: Record<string, string> = {}) =>
  operator.run("sync-twilio-numbers", args, env);

const pool = () => db("twilio_phone_numbers").orderBy("id").pluck<string[]>("phone_number");

describe("sync-twilio-numbers and Twilio", () => {
  test("a number in use for something else is left out, unless the pool has it", async () => {
    const trunk = `TK${"1".repeat(32)}`;
    const app = `AP${"2".repeat(32)}`;
    api.buy("+353861234567", { trunk_sid: trunk });
    api.buy("+353861234568", { voice_application_sid: app });
    api.buy("+353861234569", smsOnly);
    await addToPool(db, ["+353861234568", "+353861234569"]);
    const { exitCode, stdout } = await sync();
    expect(stdout).toContain(
      `left out  +353 86 123 4567    is in use by SIP trunk ${trunk} at Twilio\n`,
    );
    expect(stdout).toContain(
      `failed    +353 86 123 4568    is in use by TwiML App ${app} at Twilio, yet it is in the pool\n`,
    );
    expect(stdout).toContain(
      "failed    +353 86 123 4569    takes no calls, yet it is in the pool\n",
    );
    expect(exitCode).toBe(1);
    expect(api.updates()).toEqual([]);
  });

  test("waits as long as Twilio asks, and tries again", async () => {
    for (const number of someNumbers(3)) api.buy(number);
    api.fail({ status: 429, retryAfter: "1" });
    api.fail({ status: 503, for: ({ method }) => method === "POST" });
    const { exitCode, stdout, stderr } = await sync();
    expect(stderr).toContain("Warning: Twilio is too busy (HTTP 429). Trying again in 1 s.");
    expect(stdout).toContain("3 added to the pool, 3 pointed");
    expect(exitCode).toBe(0);
  });

  test("a wrong token is one line, and nothing is changed", async () => {
    api.buy("+353861234567");
    const { exitCode, stdout, stderr } = await sync([], {
      TWILIO_AUTH_TOKEN: "wrong-token",
    });
    expect(stdout).toBe("");
    expect(stderr).toContain(
      "Error: The account's numbers cannot be listed: Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (HTTP 401, Twilio's error 20003). Nothing was changed.",
    );
    expect(stderr).not.toContain("wrong-token");
    expect(exitCode).toBe(1);
    expect(await pool()).toEqual([]);
  });

  test("if Twilio goes away halfway, the rest is not tried and is named", async () => {
    const numbers = someNumbers(40);
    for (const number of numbers) api.buy(number);
    const [first] = numbers;
    api.fail({
      status: 503,
      times: 1_000,
      // So that each try follows the other at once.
      retryAfter: "0",
      for: ({ method, phoneNumber }) => method === "POST" && phoneNumber !== first,
    });
    const { exitCode, stdout } = await sync(["--json"]);
    const {
      added,
      failed,
      numbers: named,
    } = JSON.parse(stdout) as {
      added: number;
      failed: number;
      numbers: { failed: { reason: string }[] };
    };
    expect({ added, failed }).toEqual({ added: 1, failed: 39 });
    expect(exitCode).toBe(1);
    expect(await pool()).toEqual([first]);
    const untried = named.failed.filter(({ reason }) =>
      reason.startsWith("was not tried, since Twilio is out of order"),
    );
    expect(untried.length).toBeGreaterThan(25);
    expect(api.updates().length).toBeLessThan(80);
  });

  test("a token that is withdrawn in the middle stops it at once", async () => {
    for (const number of someNumbers(40)) api.buy(number);
    api.fail({
      status: 401,
      times: 1_000,
      for: ({ method }) => method === "POST",
    });
    const { exitCode, stdout } = await sync();
    expect(stdout).toContain("0 added to the pool");
    expect(stdout).toContain("40 failed.");
    expect(exitCode).toBe(1);
    expect(api.updates().length).toBeLessThanOrEqual(5);
  });

  test("two runs at the same time add each number once", async () => {
    for (const number of someNumbers(20)) api.buy(number);
    const [one, other] = await Promise.all([sync(["--json"]), sync(["--json"])]);
    expect([one.exitCode, other.exitCode]).toEqual([0, 0]);
    expect((await pool()).toSorted()).toEqual(someNumbers(20));
  });

  test("an account without numbers says where to get some", async () => {
    const { exitCode, stdout, stderr } = await sync();
    expect(stdout).toContain("Of 0 numbers in the account");
    expect(stderr).toContain("Buy some in Twilio's console");
    expect(exitCode).toBe(0);
  });
});

describe("sync-twilio-numbers before it starts", () => {
  test.each<Record<string, string>>([
    { TWILIO_ACCOUNT_SID: "" },
    { TWILIO_AUTH_TOKEN: "", TWILIO_API_BASE_URL: "", PUBLIC_URL: "" },
  ])("without credentials it names the variables: %o", async (env) => {
    const { exitCode, stdout, stderr } = await sync([], env);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "Error: Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment or in .env (Twilio's console, Account Info).\n",
    );
    expect(exitCode).toBe(1);
    expect(api.requests).toEqual([]);
  });

  test.each(["", "https://10.0.0.7"])(
    "live numbers are not pointed at PUBLIC_URL=%s, which Twilio cannot call",
    async (local) => {
      const { exitCode, stdout, stderr } = await sync([], {
        PUBLIC_URL: local,
        TWILIO_API_BASE_URL: "",
      });
      expect(stdout).toBe("");
      expect(stderr).toContain("where Twilio cannot call it. Set PUBLIC_URL");
      expect(exitCode).toBe(1);
    },
  );

  test("numbers of a server other than Twilio's may be, with a warning", async () => {
    api.buy("+353861234567");
    const { exitCode, stderr } = await sync([], {
      PUBLIC_URL: "http://localhost:3000",
    });
    expect(stderr).toContain(`Asking ${api.url} instead of Twilio.`);
    expect(stderr).toContain("where Twilio cannot call it.");
    expect(exitCode).toBe(0);
    expect(api.find("+353861234567").voice_url).toBe("http://localhost:3000/twilio/voice");
  });

  test("http gets a warning", async () => {
    const { exitCode, stderr } = await sync([], {
      PUBLIC_URL: "http://numbers.example.com",
    });
    expect(stderr).toContain("unencrypted. Use https.");
    expect(exitCode).toBe(0);
  });

  test("a missing SQLite file is not made", async () => {
    const { exitCode, stderr } = await sync([], {
      DATABASE_URL: `${operator.databaseUrl}-not-there`,
    });
    expect(stderr).toContain("There is no database at");
    expect(exitCode).toBe(1);
  });

  test("--help begins with what it does and examples; a wrong option is wrong usage", async () => {
    const help = await sync(["--help"]);
    expect(help.stdout).toContain("Examples\n  npm run sync --");
    expect(help.stdout).toContain("--dry-run");
    expect(help.exitCode).toBe(0);
    const typo = await sync(["--dryrun"]);
    expect(typo.stderr).toContain("Did you mean --dry-run?");
    expect(typo.exitCode).toBe(2);
  });
});

test.each([
  ["https://numbers.example.com", true],
  ["https://8.8.8.8", true],
  ["https://172.32.0.1", true],
  ["https://[2a00:1450::1]", true],
  ["http://localhost:3000", false],
  ["https://app.localhost", false],
  ["http://127.0.0.1:3000", false],
  ["http://0.0.0.0:3000", false],
  ["http://[::1]:3000", false],
  ["http://[fd00::1]", false],
  ["https://192.168.1.20", false],
  ["https://172.20.0.1", false],
  ["https://web", false],
  ["https://printer.local", false],
])("Twilio can call %s: %s", (address, expected) => {
  expect(isReachableByTwilio(address)).toBe(expected);
});

import { existsSync, writeFileSync } from "node:fs";
import type { Knex } from "knex";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { restoreRules } from "#app/doctor/repair.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { codes, Operator, type Examination } from "../support/operator.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

let api: TwilioApi;
let operator: Operator;
beforeEach(async () => {
  api = await startTwilioApi();
});

describe("doctor and the configuration", () => {
  let url: string;
  beforeEach(async () => {
    ({ url } = await createMigratedDatabase("sqlite"));
    operator = new Operator(api, url);
  });

  test("a healthy installation is exit code 0", async () => {
    const { exitCode, stdout, stderr } = await operator.run("doctor");
    expect(stdout).toBe("All is well.\n");
    expect(stderr).toContain("Next: “npm run call");
    expect(exitCode).toBe(0);
    expect(await operator.examine()).toEqual({
      healthy: true,
      findings: [],
      repaired: [],
      exitCode: 0,
    });
  });

  test("without credentials it names the missing ones, and --offline needs none", async () => {
    const none = { TWILIO_ACCOUNT_SID: "", TWILIO_AUTH_TOKEN: "" };
    const { exitCode, stdout } = await operator.run("doctor", [], none);
    expect(stdout).toMatch(/^- TWILIO_AUTH_TOKEN is not set.* → .*$/m);
    expect(stdout).toMatch(/^- TWILIO_ACCOUNT_SID is not set.* → .*$/m);
    expect(stdout).toContain("\n2 findings.\n");
    expect(exitCode).toBe(4);
    expect((await operator.run("doctor", ["--offline"], none)).exitCode).toBe(0);
  });

  test("--offline asks Twilio nothing", async () => {
    expect((await operator.run("doctor", ["--offline"])).exitCode).toBe(0);
    expect(api.requests).toEqual([]);
  });

  test.each([
    ["", "public-url-not-reachable"],
    ["http://numbers.example.com", "public-url-not-https"],
  ])("PUBLIC_URL=%s is %s", async (given, code) => {
    const report = await operator.examine(["--offline"], { PUBLIC_URL: given });
    expect(codes(report)).toEqual([code]);
    expect(report.findings[0]!.mend).toContain("PUBLIC_URL=https://");
    expect(report.exitCode).toBe(4);
  });

  test("a missing SQLite file is a finding, and is not made", async () => {
    const missing = `${url}-not-there`;
    const report = await operator.examine([], { DATABASE_URL: missing });
    expect(codes(report)).toEqual(["database-missing"]);
    expect(report.exitCode).toBe(4);
    const repair = await operator.run("doctor", ["--repair"], {
      DATABASE_URL: missing,
    });
    expect(repair.stderr).toContain("There is no database at");
    expect(repair.exitCode).toBe(1);
    expect(existsSync(missing.replace("sqlite:", ""))).toBe(false);
  });

  test("a file that is not a database is a finding", async () => {
    const file = url.replace("sqlite:", "");
    writeFileSync(file, "this is a text\n".repeat(1_000));
    const { findings, exitCode } = await operator.examine(["--offline"]);
    expect(findings).toEqual([
      {
        code: "database-unreachable",
        finding: "The database of DATABASE_URL is no SQLite file, or a damaged one.",
        mend: expect.any(String),
      },
    ]);
    expect(exitCode).toBe(4);
  });

  test("Twilio away is a finding beside the others", async () => {
    api.fail({ status: 503, times: 99, retryAfter: "0" });
    const report = await operator.examine([], { PUBLIC_URL: "" });
    expect(codes(report)).toEqual(["public-url-not-reachable", "twilio-unreachable"]);
    expect(report.exitCode).toBe(4);
  });

  test("credentials that Twilio refuses are a finding", async () => {
    const { findings, exitCode } = await operator.examine([], {
      TWILIO_AUTH_TOKEN: "not-the-token",
    });
    expect(findings).toEqual([
      {
        code: "twilio-refuses",
        finding: expect.stringContaining("HTTP 401"),
        mend: expect.stringContaining("TWILIO_AUTH_TOKEN"),
      },
    ]);
    expect(exitCode).toBe(4);
  });

  test("an environment that cannot be read is exit code 1", async () => {
    const { exitCode, stdout, stderr } = await operator.run("doctor", [], {
      TWILIO_ACCOUNT_SID: "AC-wrong",
    });
    expect(stdout).toBe("");
    expect(stderr).toBe("Error: TWILIO_ACCOUNT_SID must be AC and 32 hex digits.\n");
    expect(exitCode).toBe(1);
  });
});

describe("doctor and PostgreSQL", () => {
  let server: PostgresServer;
  let db: Knex;
  beforeAll(async () => {
    server = await startPostgres();
    db = openDatabase(server.url, { statementTimeout: 0 });
    await migrateToLatest(db);
  });
  beforeEach(() => {
    operator = new Operator(api, server.url);
  });
  const onServer = (change: (address: URL) => void) => {
    const address = new URL(server.url);
    change(address);
    return { DATABASE_URL: address.href };
  };

  test("one that is durable is healthy", async () => {
    expect((await operator.run("doctor")).stdout).toBe("All is well.\n");
  });

  test("one that may lose commits is a finding, and the named command mends it", async () => {
    await db.raw("alter database postgres set synchronous_commit = off");
    const { exitCode, stdout } = await operator.run("doctor", ["--json"]);
    const { findings } = JSON.parse(stdout) as Examination;
    expect(exitCode).toBe(4);
    expect(findings).toEqual([
      {
        code: "postgres-synchronous-commit-off",
        finding: expect.stringContaining("may lose assignments"),
        mend: "alter database postgres reset synchronous_commit;",
      },
    ]);
    await db.raw(findings[0]!.mend);
    expect((await operator.run("doctor")).exitCode).toBe(0);
  });

  test.each(["user", "all"])(
    "triggers that are switched off (%s) are a finding, and the named command mends it",
    async (which) => {
      await db.raw(`alter table companies disable trigger ${which}`);
      const { findings } = await operator.examine();
      expect(findings).toEqual([
        {
          code: "triggers-off",
          finding: expect.stringMatching(
            /^The rules of companies do not hold: .*company_number_changes/,
          ),
          mend: `alter table companies enable trigger ${which};`,
        },
      ]);
      await db.raw(findings[0]!.mend);
      expect(codes(await operator.examine())).toEqual([]);
    },
  );

  test("one that is not in UTF-8 is a finding beside the others", async () => {
    await db.raw(
      "create database latin encoding 'LATIN1' locale_provider libc locale 'C' template template0",
    );
    const report = await operator.examine(
      ["--offline"],
      onServer((address) => (address.pathname = "/latin")),
    );
    expect(codes(report)).toEqual(["database-not-utf8", "migrations-pending"]);
    expect(report.findings[0]).toMatchObject({
      finding: "The database is in LATIN1, which has no room for every name.",
      mend: expect.stringContaining("createdb --encoding=UTF8"),
    });
    expect(report.exitCode).toBe(4);
    await db.raw("drop database latin with (force)");
  });

  test("a dropped trigger is a finding, and the named command mends it", async () => {
    await db.raw("drop trigger company_leaves on companies");
    const { findings } = await operator.examine();
    expect(findings).toEqual([
      {
        code: "triggers-missing",
        finding: expect.stringContaining("company_leaves is missing"),
        mend: "npm run migrate -- --restore-rules",
      },
    ]);
    await restoreRules(db);
    expect(codes(await operator.examine())).toEqual([]);
  });

  test("one that refuses is a finding beside the others, without the password", async () => {
    const port = await freePort();
    const wrongPassword = "not-the-password";
    const cases = [
      [onServer((one) => (one.port = String(port))), "ECONNREFUSED"],
      [onServer((one) => (one.password = wrongPassword)), "the password"],
      [onServer((one) => (one.pathname = "/nowhere")), "no database of that"],
    ] as const;
    for (const [env, words] of cases) {
      const all = { ...env, TWILIO_AUTH_TOKEN: "" };
      const { exitCode, stdout, stderr } = await operator.run("doctor", [], all);
      expect(stdout).toMatch(/^- /);
      expect(stdout).toMatch(new RegExp(`^- The database of DATABASE_URL .*${words}.* → `, "m"));
      expect(stdout).toContain("- TWILIO_AUTH_TOKEN is not set");
      expect(stdout + stderr).not.toContain(wrongPassword);
      expect(exitCode).toBe(4);
    }
  });

  test("--repair that cannot reach it is exit code 1", async () => {
    const port = await freePort();
    const { exitCode, stdout, stderr } = await operator.run(
      "doctor",
      ["--repair"],
      onServer((one) => (one.port = String(port))),
    );
    expect(stdout).toBe("");
    expect(stderr).toContain("Error: The database cannot be reached");
    expect(exitCode).toBe(1);
  });
});

import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { recordEvent } from "#app/domain/audit.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { noteVerified } from "#app/domain/verified-emails.server.ts";
import { newCallSid } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { runScript } from "../support/script.ts";

describe("npm run companies", () => {
  let db: Knex;
  let databaseUrl: string;
  let ann: number;
  let bea: number;
  let number: string;
  beforeEach(async () => {
    ({ url: databaseUrl } = await createMigratedDatabase("sqlite"));
    db = openDatabase(databaseUrl);
    ann = await insertCompany(db, { email: "ann@example.com", company_name: "Acme\u001b[31m" });
    bea = await insertCompany(db, { email: "bea@example.com" });
    [number] = (await fillPool(db, 2)) as [string];
    await assignPhoneNumber(db, ann, number);
    await noteVerified(db, ann, "ann@example.com");
    const signedIn = { event: "signed-in", actor: "company", companyId: ann } as const;
    await recordEvent(db, signedIn, new Date("2026-03-01T10:00:00Z"));
    await recordEvent(db, signedIn, new Date("2026-02-01T10:00:00Z"));
  });

  const run = (...args: string[]) =>
    runScript("companies", args, { env: { DATABASE_URL: databaseUrl } });
  const listed = async (...filters: string[]) => {
    const { stdout, exitCode } = await run(...filters, "--json");
    expect(exitCode).toBe(0);
    return (JSON.parse(stdout) as { companies: { id: number }[] }).companies.map(({ id }) => id);
  };
  const events = () => db("audit_events").where({ actor: "operator" }).pluck("event");

  test("lists who has which number, when they last signed in, and what is asked for", async () => {
    const { stdout, stderr } = await run();
    const [first = "", second = ""] = stdout.split("\n");
    expect(first).toContain("Acme\uFFFD[31m  ann@example.com  +353 86 000 0000");
    expect(first).toContain("signed in 2026-03-01T10:00:00Z");
    expect(second).toContain("bea@example.com  no number  no sign-in known");
    expect(stderr).toContain("2 companies.");
    expect(await listed("--waiting", "--last-sign-in-before", "2026-03-02")).toEqual([bea]);
    expect(await listed("--with-number", "--last-sign-in-since", "2026-03-01")).toEqual([ann]);
  });

  test("shows one, as text or JSON", async () => {
    const { stdout } = await run("show", " ANN@Example.com ", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      company: { id: ann, email_verified: true, twilio_phone_number: number, state: "open" },
    });
    expect((await run("show", String(ann))).stdout).toContain("ann@example.com (verified)");
  });

  test("freezes and unfreezes, and says if it was so already", async () => {
    expect((await run("freeze", "ann@example.com")).stdout).toContain(`Company ${ann} is frozen`);
    expect(await listed("--frozen")).toEqual([ann]);
    const reset = await run("reset", String(ann));
    expect(reset.stdout).toMatch(/^http:\/\/localhost:3000\/reset\/[\w-]{43}\n$/);
    expect(reset.stderr).toContain("The account stays frozen.");
    expect((await run("unfreeze", String(ann))).stdout).toContain("people can sign in again");
    expect(await events()).toEqual(["company-frozen", "reset-link-made", "company-unfrozen"]);
  });

  test("erases only with --yes, keeps the number, and lists it only on request", async () => {
    const refused = await run("erase", String(ann));
    expect([refused.exitCode, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain(`whose ${number} stays out of use for ever`);
    expect(await events()).toEqual([]);
    const erased = await run("erase", String(ann), "--yes");
    expect([erased.exitCode, erased.stdout]).toEqual([0, `Company ${ann} is erased.\n`]);
    expect(await listed("--erased")).toEqual([ann]);
    const row = await db("companies").where({ id: ann }).first("email", "twilio_phone_number");
    expect(row).toEqual({ email: `erased-${ann}@invalid`, twilio_phone_number: number });
    const { exitCode, stderr } = await run("reset", String(ann));
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("is erased, and stays so")]);
  });

  test("erases a caller", async () => {
    const call = { to_number: number, company_id: ann, twilio_status: "completed" };
    const at = { recording_absent: false, started_at: "2026-11-22 10:00:00" };
    await db("calls").insert(
      ["+353871112222", "+353871112222", "+353872223333"].map((from_number) => ({
        call_sid: newCallSid(),
        from_number,
        ...call,
        ...at,
      })),
    );
    const calls = (...args: string[]) =>
      runScript("calls", args, { env: { DATABASE_URL: databaseUrl } });
    const caller = ["erase", "--caller", "+353 87 111 2222"];
    expect((await calls(...caller, "--dry-run")).stdout).toBe("Would erase 2 calls.\n");
    expect(await db("calls").pluck("from_number")).toHaveLength(3);
    expect((await calls(...caller)).stdout).toBe("2 calls erased.\n");
    expect(await db("calls").pluck("from_number")).toEqual(["+353872223333"]);
    expect(JSON.parse((await calls(...caller, "--json")).stdout)).toEqual({
      dry_run: false,
      caller: "+353871112222",
      calls: 0,
      going_on: 0,
      blocked_by: 0,
    });
  });
});

describe.each(engines)("npm run calls -- unmatched, on %s", (engine) => {
  test("lists the newest calls to numbers that were nobody's, and no company's", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const id = await insertCompany(db);
    const unmatched = (...args: string[]) =>
      runScript("calls", ["unmatched", ...args], { env: { DATABASE_URL: url } });
    expect(await unmatched()).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: expect.stringContaining("No call went to a number that was nobody's") as string,
    });
    const fields = { twilio_status: "completed", to_number: "+353861234567" };
    const sids = [newCallSid(), newCallSid(), newCallSid()];
    await db("calls").insert([
      {
        ...fields,
        call_sid: sids[0]!,
        from_number: "+353871112222",
        started_at: "2026-11-22 10:00:00",
      },
      {
        ...fields,
        call_sid: sids[1]!,
        from_number: "sip:a\u001b[31m@x",
        started_at: "2026-11-22 10:00:01",
      },
      { ...fields, call_sid: sids[2]!, company_id: id, started_at: "2026-11-22 10:00:02" },
    ]);
    const { stdout, stderr, exitCode } = await unmatched();
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("npm run numbers -- --list")]);
    expect(stdout.split("\n")).toEqual([
      "2026-11-22T10:00:01Z  to +353 86 123 4567  from sip:a\uFFFD[31m@x",
      "2026-11-22T10:00:00Z  to +353 86 123 4567  from +353 87 111 2222",
      "",
    ]);
    expect(JSON.parse((await unmatched("--json")).stdout)).toMatchObject({
      calls: [{ call_sid: sids[1] }, { call_sid: sids[0], from: "+353871112222" }],
    });
  });
});

describe("what goes wrong is one line, and an exit code", () => {
  test.each([
    ["companies", ["shwo", "1"], "choose from show, freeze"],
    ["companies", ["freeze"], "Say which company"],
    ["companies", ["--last-sign-in-since", "yesterday"], "needs a date like"],
    ["calls", ["erase"], "Say whose calls"],
    ["calls", ["unmatched", "--dry-run"], "takes neither --caller nor --dry-run"],
    ["calls", ["unmatched", "now"], "erase --caller NUMBER, or unmatched"],
    ["calls", ["erase", "--caller", "anonymous"], "with its country code"],
  ])("%s %j", async (script, args, line) => {
    const { exitCode, stdout, stderr } = await runScript(script, args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(line);
    expect(stderr.trim()).not.toContain("\n");
  });
});

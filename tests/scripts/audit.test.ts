import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, describe, expect, test } from "vitest";
import { recordEvent } from "#app/domain/audit.server.ts";
import { exitCodeInShell } from "../support/children.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { until } from "../support/load.ts";
import { runScript } from "../support/script.ts";

describe.each(engines)("npm run audit on %s", (engine) => {
  let env: Record<string, string>;
  let db: ReturnType<typeof openDatabase>;
  beforeAll(async () => {
    const { url } = await createMigratedDatabase(engine);
    env = { DATABASE_URL: url };
    db = openDatabase(url);
    const old = new Date("2026-01-02T03:04:05Z");
    const from = { actor: "company", address: "203.0.113.7", requestId: "request-1" } as const;
    await recordEvent(db, { event: "signed-in", companyId: 1, ...from }, old);
    await recordEvent(db, {
      event: "assigned",
      companyId: 2,
      ...from,
      details: { phone_number: "+353861234567" },
    });
    await recordEvent(db, { event: "sign-in-refused", actor: "visitor", address: "2001:db8::1" });
    await db("companies").insert({
      id: 2,
      company_name: "Acme",
      owner_name: "Ann",
      email: "ann@example.com",
      password_hash: "none",
    });
  });

  test("what was typed wrong is repeated without what a terminal would obey", async () => {
    const { exitCode, stderr } = await runScript("audit", ["--event", "\u001B[31mred"], { env });
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("There is no event “�[31mred”."),
    ]);
  });

  test("shows everything, the newest last, and can narrow it down", async () => {
    const all = await runScript("audit", [], { env });
    expect(all.exitCode).toBe(0);
    const lines = all.stdout.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe("2026-01-02T03:04:05Z signed-in            #1    company  203.0.113.7");
    expect(lines[1]).toMatch(/ assigned +#2 +company +203\.0\.113\.7 phone_number=\+353861234567$/);
    expect(lines[2]).toMatch(/ sign-in-refused +- +visitor +2001:db8::1$/);
    for (const line of lines.slice(0, 1)) expect(line.length).toBeLessThanOrEqual(80);

    const narrowed = async (...args: string[]) => {
      const { stdout } = await runScript("audit", [...args, "--json"], { env });
      return (JSON.parse(stdout) as { events: { event: string }[] }).events.map(
        ({ event }) => event,
      );
    };
    expect(await narrowed("--company", "2")).toEqual(["assigned"]);
    expect(await narrowed("--company", "ANN@example.com")).toEqual(["assigned"]);
    const nobody = await runScript("audit", ["--company", "bob@example.com"], { env });
    expect([nobody.exitCode, nobody.stderr]).toEqual([
      1,
      "Error: There is no company “bob@example.com”.\n",
    ]);
    expect(await narrowed("--event", "signed-in,sign-in-refused")).toEqual([
      "signed-in",
      "sign-in-refused",
    ]);
    expect(await narrowed("--since", "1h", "--actor", "company")).toEqual(["assigned"]);
    expect(await narrowed("--since", "2026-01-01", "--limit", "1")).toEqual(["sign-in-refused"]);
  });

  test("follows new lines", async () => {
    const child = spawn(
      process.execPath,
      ["scripts/run.js", "audit", "--follow", "--company", "3"],
      {
        env: childEnvironment(env),
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const ended = once(child, "close");
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
    const shown = async () => (await db("audit_events").where({ company_id: 3 })).length;
    let told = 0;
    await until("the first line", async () => {
      if (told++ % 25 === 0)
        await recordEvent(db, { event: "signed-in", companyId: 3, actor: "company" });
      return printed.includes("#3");
    });
    await recordEvent(db, { event: "signed-out", companyId: 3, actor: "company" });
    await until("one more", () => printed.includes("signed-out"));
    const lines = printed.trim().split("\n");
    expect(lines).toHaveLength(await shown());
    child.kill("SIGINT");
    expect(exitCodeInShell(await ended)).toBe(130);
  });
});

test.each([
  [["--event", "signed-im"], "Did you mean signed-in?"],
  [["--company", "Acme"], "--company is a company's ID or email"],
  [["--since", "yesterday"], "--since is a time like"],
  [["--actor", "me"], "--actor is company, visitor"],
])("%j is wrong usage, in a line", async (args, words) => {
  const { exitCode, stdout, stderr } = await runScript("audit", args);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(words);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

import { expect, describe, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { runScript } from "../support/script.ts";

describe.each(engines)("the pool leaves on %s", (engine) => {
  test("as CSV, as JSON and as a list, over more than a page, and can be imported again", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const numbers = await fillPool(db, 2_100);
    const company = await insertCompany(db, { company_name: '=Bell, "& Son"' });
    await assignPhoneNumber(db, company, numbers[1]);
    const run = (name: string, ...args: string[]) =>
      runScript(name, args, { env: { DATABASE_URL: url } });

    const csv = await run("export");
    const lines = csv.stdout.trimEnd().split("\r\n");
    expect(lines[0]).toBe("phone_number,status,company_id,company_name,assigned_at,created_at");
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(numbers);
    expect(lines[2]).toMatch(
      new RegExp(`^\\+353860000001,assigned,${company},"'=Bell, ""& Son""",20.*Z,20.*Z$`),
    );
    expect(csv.stderr).toContain("2100 numbers. Next: ");

    const json = await run("export", "--status", "assigned", "--json");
    expect(JSON.parse(json.stdout)).toEqual({
      numbers: [expect.objectContaining({ phone_number: numbers[1], company_id: company })],
    });
    expect((await run("export", "--status", "free")).exitCode).toBe(2);
    expect((await run("add-phone-numbers", "--list")).stdout.split("\n")).toHaveLength(2_103);

    const other = await createMigratedDatabase(engine);
    const imported = await runScript("add-phone-numbers", ["--from-file", "-"], {
      env: { DATABASE_URL: other.url },
      input: csv.stdout,
    });
    expect(imported.stdout).toContain("2100 added, 0 already there, 0 invalid.");
  });
});

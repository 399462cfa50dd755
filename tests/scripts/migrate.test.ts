import { readdirSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { sqliteFile } from "#app/db.server.ts";
import { everythingIn } from "../support/adopted.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { createTestDatabase, engines, openDatabase } from "../support/databases.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { runScript } from "../support/script.ts";

/**
 * Whatever keeps a database from being migrated is reported in one line by `migrate` and by `npm
 * start`.
 */

async function refusal(script: "migrate" | "start", url: string): Promise<string> {
  const { exitCode, stderr } = await runScript(script, [], { env: { DATABASE_URL: url } });
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^[^\n]+\n$/)]);
  expect(stderr).not.toMatch(/create (table|index|or)|Nothing more| at .*:\d+/i);
  return stderr;
}

/** Runs `statements` on the tests' server, outside the tests' databases. */
async function onServer(...statements: string[]): Promise<void> {
  const db = openDatabase(inject("postgresUrl"));
  for (const statement of statements) await db.raw(statement);
}

describe.each(["migrate", "start"] as const)("%s", (script) => {
  test("refuses a database that is not in UTF-8", async () => {
    const name = `test_${inject("runId")}_${randomBytes(6).toString("hex")}`;
    await onServer(
      `create database ${name} encoding 'LATIN1' locale_provider libc locale 'C' template template0`,
    );
    cleanUpLater(() => onServer(`drop database ${name} with (force)`));
    const url = new URL(inject("postgresUrl"));
    url.pathname = `/${name}`;
    expect(await refusal(script, url.href)).toContain("is in LATIN1, and must be in UTF-8");
  });

  test("says at once if the SQLite path is a folder, or leads through a file", async () => {
    const { path: folder } = scratchDirectory("no-file-");
    writeFileSync(path.join(folder, "a-file"), "");
    for (const odd of [folder, path.join(folder, "a-file/app.db")]) {
      expect(await refusal(script, `sqlite:${odd}`)).toContain(
        "is no file: its path names a folder",
      );
    }
  });

  test("names the privilege that its role lacks", async () => {
    const { url } = await createTestDatabase("postgres");
    const db = openDatabase(url);
    await createLegacyTables(db);
    const role = `test_${inject("runId")}_${randomBytes(6).toString("hex")}`;
    await onServer(`create role ${role} login password 'only-to-read'`);
    cleanUpLater(async () => {
      await db.raw(`drop owned by ${role}`);
      await onServer(`drop role ${role}`);
    });
    await db.raw("revoke create on schema public from public");
    const theirs = new URL(url);
    Object.assign(theirs, { username: role, password: "only-to-read" });
    expect(await refusal(script, theirs.href)).toContain("grant create on schema public to it.");

    await db.raw(`grant all on schema public to ${role}`);
    await db.raw(`grant all on all tables in schema public to ${role}`);
    expect(await refusal(script, theirs.href)).toMatch(
      /to table (companies|twilio_phone_numbers): make it the owner/,
    );
  });
});

const inTheWay: Record<string, [name: string, postgres: string | false, sqlite: string | false]> = {
  table: [
    "company_sessions",
    "create table company_sessions (id int)",
    "create table company_sessions (id int)",
  ],
  index: [
    "companies_one_number_each",
    "create index companies_one_number_each on companies (phone)",
    "create index companies_one_number_each on companies (phone)",
  ],
  "index of calls": [
    "calls_of_company",
    "create index calls_of_company on companies (phone)",
    "create index calls_of_company on companies (phone)",
  ],
  function: [
    "company_enters",
    "create function company_enters() returns int language sql as 'select 1'",
    false,
  ],
  trigger: [
    "company_leaves",
    `create function nothing() returns trigger language plpgsql as 'begin return old; end';
     create trigger company_leaves before delete on companies for each row execute function nothing()`,
    "create trigger company_leaves before delete on companies begin select 1; end",
  ],
};

for (const engine of engines) {
  const cases = Object.values(inTheWay).flatMap(([name, postgres, sqlite]) => {
    const statement = engine === "postgres" ? postgres : sqlite;
    return statement ? [[name, statement] as const] : [];
  });
  test.each(cases)(
    `a %s of somebody else's is named, and nothing is left behind (${engine})`,
    async (name, statement) => {
      const { url } = await createTestDatabase(engine);
      const db = openDatabase(url);
      await createLegacyTables(db);
      await addLegacyRows(db);
      await db.raw(statement);
      const before = await everythingIn(db);
      for (const script of ["migrate", "start"] as const) {
        const told = await refusal(script, url);
        expect(told).toContain(`“${name}”`);
        expect(told).toMatch(/[Rr]ename/);
      }
      expect(await everythingIn(db)).toEqual(before);
      const file = sqliteFile(url);
      if (file) expect(readdirSync(path.dirname(file))).toEqual(["app.db"]);
    },
  );
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { makeLink } from "#app/domain/account-links.server.ts";
import { operator, service } from "#app/domain/audit.server.ts";
import { blockCaller, saveWithheldChoice } from "#app/domain/blocked-callers.server.ts";
import { recordCallStatus, recordIncomingCall } from "#app/domain/call-events.server.ts";
import { saveCallHandling } from "#app/domain/call-handling.server.ts";
import { ownTables } from "#app/domain/own-tables.ts";
import { makeRecoveryCodes } from "#app/domain/recovery-codes.server.ts";
import { addToldAddress, confirmTold, makeToldLink } from "#app/domain/told-addresses.server.ts";
import { makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import { noteVerified, requestEmailChange } from "#app/domain/verified-emails.server.ts";
import { from, newCallSid } from "../support/calls.ts";
import { aCompany, Client } from "../support/client.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import {
  createMigratedDatabase,
  engines,
  openDatabase,
  type Engine,
} from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { until } from "../support/load.ts";
import { get, post } from "../support/pages.ts";
import { runScript } from "../support/script.ts";
import { startServer } from "../support/server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

/** What is known of a person, each to be found by itself. */
const person = {
  company: "Zyxomark Works",
  owner: "Quentin Zyxowner",
  email: "quentin@zyxomail.example",
  nextEmail: "quentin@zyxonext.example",
  toldEmail: "desk@zyxotold.example",
  phone: "+353861119999",
  target: "+353862228888",
  caller: "+353873337777",
  greeting: "Zyxogreeting",
  token: "Zyxotoken",
  browser: "Zyxobrowser/1.0",
  address: "203.0.113.77",
  zone: "Pacific/Chatham",
};

/** Every table of the database, and the columns of each. */
async function tablesOf(db: Knex, engine: Engine): Promise<string[]> {
  if (engine === "sqlite") {
    const rows: { name: string }[] = await db.raw(
      "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
    );
    return rows.map(({ name }) => name);
  }
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `select table_name as name from information_schema.tables
      where table_schema = current_schema() and table_type = 'BASE TABLE'`,
  );
  return rows.map(({ name }) => name);
}

/** Where in the whole database each thing that is known of the person stands: `table.column`. */
async function placesOf(db: Knex, engine: Engine): Promise<Record<string, string[]>> {
  const found = Object.fromEntries(Object.keys(person).map((what) => [what, new Set<string>()]));
  for (const table of await tablesOf(db, engine)) {
    for (const row of await db<Record<string, unknown>>(table)) {
      for (const [column, value] of Object.entries(row as Record<string, unknown>)) {
        const text = String(value).toLowerCase();
        for (const [what, mark] of Object.entries(person)) {
          if (text.includes(mark.toLowerCase())) found[what]!.add(`${table}.${column}`);
        }
      }
    }
  }
  return Object.fromEntries(
    Object.entries(found).map(([what, places]) => [what, [...places].sort()]),
  );
}

const run = (script: string, databaseUrl: string, ...args: string[]) =>
  runScript(script, args, { env: { DATABASE_URL: databaseUrl } });

/** A company's calls, the newest last. */
async function insertCalls(db: Knex, companyId: number, to: string, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({
    call_sid: newCallSid(),
    from_number: from,
    to_number: to,
    company_id: companyId,
    twilio_status: "completed",
    recording_absent: false,
    recording_sid: index % 1000 === 0 ? `RE${String(index).padStart(32, "0")}` : null,
    started_at: "2026-11-22 10:00:00",
    ended_at: "2026-11-22 10:01:00",
  }));
  await db.batchInsert("calls", rows, 500);
}

describe.each(engines)("erasing on %s", (engine) => {
  test("leaves nothing of a person in any table", async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db = openDatabase(databaseUrl);
    const [number = ""] = await fillPool(db, 2);
    const mail = { SMTP_URL: "smtp://127.0.0.1:9", MAIL_FROM: "numbers@example.com" };
    const server = await startServer({
      databaseUrl,
      env: { RATE_LIMITS: "on", TRUST_PROXY: "1", ...mail },
    });
    const client = new Client(server.url, {
      "User-Agent": person.browser,
      "X-Forwarded-For": person.address,
    });
    const { email, phone } = person;
    const { password = "" } = aCompany();
    await post(client, "/signup", {
      company_name: person.company,
      owner_name: person.owner,
      email,
      phone,
      password,
      time_zone: person.zone,
    });
    await client.post("/api/login", { email, password: "not the password" });
    expect((await post(new Client(server.url), "/forgot", { email, code: "" })).status).toBe(302);
    const headers = { "Content-Type": "application/json", "Idempotency-Key": "zyxokey" };
    const body = JSON.stringify({ phone_number: number });
    const assigned = { method: "POST", headers, body };
    expect((await client.fetch("/api/phone-numbers/assign", assigned)).status).toBe(200);
    const { company } = (await client.get("/api/session")).body as { company: { id: number } };
    const { id } = company;

    useEnvironment({ DATABASE_URL: databaseUrl, ...mail });
    await saveCallHandling(db, id, {
      greeting: person.greeting,
      mode: "phone",
      target: person.target,
      ringSeconds: 20,
      takeMessage: true,
    });
    await saveWithheldChoice(db, id, "refuse");
    await blockCaller(db, id, person.caller);
    await makeRecoveryCodes(db, id, "", service);
    await makeToken(db, id, tokenFields.parse({ name: person.token, scopes: ["calls:read"] }));
    await noteVerified(db, id, email);
    await db("adopted_emails").insert({ email, written: email, company_id: id });
    await requestEmailChange(db, id, person.nextEmail, service);
    await makeLink(db, "reset", { companyId: id, via: "operator", address: email, codeHash: null });
    await addToldAddress(db, id, person.toldEmail);
    await confirmTold(db, { companyId: id, email: person.toldEmail });
    await makeToldLink(db, id, person.toldEmail);
    const call = { callSid: newCallSid(), from: person.caller, to: number };
    await recordIncomingCall(db, call, { companyId: id, route: "phone" });
    await recordCallStatus(db, { ...call, status: "no-answer" });

    // A table that is added later, and has nothing in it here, would be looked through in vain.
    for (const { name } of ownTables) {
      expect(await db(name).where({ company_id: id }), name).not.toEqual([]);
    }
    const before = await placesOf(db, engine);
    for (const [what, places] of Object.entries(before)) expect(places, what).not.toEqual([]);

    const erased = await run("companies", databaseUrl, "erase", email, "--yes");
    expect([erased.exitCode, erased.stdout]).toEqual([0, `Company ${id} is erased.\n`]);
    const places = await placesOf(db, engine);
    const nowhere = Object.fromEntries(Object.keys(person).map((what) => [what, []]));
    expect(places).toEqual({
      ...nowhere,
      // What was done from where is kept for AUDIT_DAYS; a network's share of assignments for an
      // hour.
      address: ["audit_events.address", "recent_assignments.network"],
    });
    expect(await db("companies").where({ id }).first("twilio_phone_number")).toEqual({
      twilio_phone_number: number,
    });
    // What is still open in a browser, and what asks again, finds nobody.
    expect((await client.get("/api/session")).status).toBe(401);
    expect((await get(client, "/settings/account/export")).status).toBe(302);
    expect(await placesOf(db, engine)).toEqual(places);
  });

  test("a caller is left where companies block it, and nowhere else, which is said", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const [number = ""] = await fillPool(db, 1);
    const id = await insertCompany(db);
    await blockCaller(db, id, person.caller);
    const call = { callSid: newCallSid(), from: person.caller, to: number };
    await recordIncomingCall(db, call, { companyId: id, route: "phone" });
    const erase = () => run("calls", url, "erase", "--caller", person.caller);
    const first = await erase();
    expect([first.exitCode, first.stdout]).toEqual([0, "1 call erased.\n"]);
    expect(first.stderr).toContain("may be going on");
    expect(first.stderr).toContain("One company blocks this caller");
    // As Twilio says that it is over, its row is there again.
    await recordCallStatus(db, { ...call, status: "completed" });
    const second = await erase();
    expect(second.stdout).toBe("1 call erased.\n");
    expect(second.stderr).not.toContain("may be going on");
    expect((await erase()).stdout).toBe("0 calls erased.\n");
    expect((await placesOf(db, engine)).caller).toEqual(["blocked_callers.caller"]);
    const trail = db("audit_events").where({ event: "caller-erased", actor: "operator" });
    expect(await trail.pluck("details")).toEqual(['{"calls":1}', '{"calls":1}']);
  });

  /** Kills a command of `scripts/` with SIGKILL once `when` says so; it may be done before. */
  async function killed(script: string[], url: string, when: () => Promise<boolean>) {
    const child = spawn(process.execPath, ["scripts/run.js", ...script], {
      env: childEnvironment({ DATABASE_URL: url }),
      stdio: "ignore",
    });
    const ended = once(child, "close");
    await until(`${script.join(" ")} is at work`, async () => child.exitCode !== null || when());
    child.kill("SIGKILL");
    await ended;
  }

  const manyCalls = 6_100;

  test("that is killed in the middle is whole or not begun, and is finished by doing it again", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const [number = ""] = await fillPool(db, 1);
    const id = await insertCompany(db, { email: person.email, phone: person.phone });
    await insertCalls(db, id, number, manyCalls);
    const calls = async () => Number((await db("calls").count({ n: "*" }).first())?.n);
    const erase = ["companies", "erase", String(id), "--yes"];
    await killed(erase, url, async () => (await calls()) < manyCalls);
    const row = await db("companies").where({ id }).first("company_name", "email", "phone");
    expect(row).toEqual({ company_name: "Erased", email: `erased-${id}@invalid`, phone: null });
    expect((await run("companies", url, ...erase.slice(1))).exitCode).toBe(0);
    expect(await calls()).toBe(0);
    expect(await db("recordings_to_delete")).toHaveLength(7);
    expect(await db("audit_events").where({ event: "account-erased" })).toHaveLength(1);
  });

  test("a caller, killed in the middle, is finished by doing it again, and the trail tells of every call", async () => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const [number = ""] = await fillPool(db, 1);
    await insertCalls(db, await insertCompany(db), number, manyCalls);
    const calls = async () => Number((await db("calls").count({ n: "*" }).first())?.n);
    const erase = ["erase", "--caller", from];
    await killed(["calls", ...erase], url, async () => (await calls()) < manyCalls);
    const left = await calls();
    const told = async () => {
      const details = await db("audit_events").where(operator).pluck<string[]>("details");
      return details.reduce((sum, text) => sum + (JSON.parse(text) as { calls: number }).calls, 0);
    };
    expect(await told()).toBe(manyCalls - left);
    expect((await run("calls", url, ...erase)).exitCode).toBe(0);
    expect(await calls()).toBe(0);
    expect(await told()).toBe(manyCalls);
    expect(await db("recordings_to_delete")).toHaveLength(7);
  });
});

test("erasing is refused to wrong names, done once, and needs no number", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const db = openDatabase(url);
  const id = await insertCompany(db, { email: "ann@example.com" });
  const other = await insertCompany(db, { email: "bob@example.com" });
  const before: unknown = await db("companies").orderBy("id");
  const tries = ["ann@example.co", String(other + 1), "Acme", " ANN@example.com "].map(
    async (whom) => [whom, await run("companies", url, "erase", whom)] as const,
  );
  for (const [whom, { exitCode, stderr }] of await Promise.all(tries)) {
    // An email is found however it is typed, and without --yes nothing is done.
    const [code, said] = whom.includes("ANN")
      ? [2, "add --yes"]
      : [1, `There is no company “${whom}”.`];
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(said)]);
  }
  expect(await db("companies").orderBy("id")).toEqual(before);
  const erase = (whom: string) => run("companies", url, "erase", whom, "--yes", "--json");
  const first = await erase("ann@example.com");
  expect(JSON.parse(first.stdout)).toEqual({ company_id: id, changed: true });
  for (const whom of [String(id), `erased-${id}@invalid`]) {
    const { exitCode, stdout } = await erase(whom);
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, { company_id: id, changed: false }]);
  }
  expect((await erase("ann@example.com")).exitCode).toBe(1);
  expect(await db("audit_events").where({ event: "account-erased" })).toHaveLength(1);
  const { email } = (await db("companies").where({ id: other }).first("email"))!;
  expect(email).toBe("bob@example.com");
});

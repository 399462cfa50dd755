import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { fieldsOf, get, post, textOf } from "../support/pages.ts";
import { startServer, type AppServer } from "../support/server.ts";

/** A database that takes no write of some kind, until it is let go. */
type Hold = (db: Knex, client: Client) => Promise<() => Promise<unknown>>;

/** PostgreSQL's tables, which another program has for itself. */
const locked =
  (...tables: string[]): Hold =>
  async (db) => {
    const holder = await db.transaction();
    await holder.raw(`lock table ${tables.join(", ")} in access exclusive mode`);
    return () => holder.rollback();
  };

/** All connections of the server's, which wait for a table. */
const exhausted: Hold = async (db, client) => {
  const letGo = await locked("twilio_phone_numbers")(db, client);
  const waiting = Promise.all(
    Array.from({ length: 8 }, () => client.fetch("/api/phone-numbers/available")),
  );
  return async () => {
    await letGo();
    await waiting;
  };
};

/** SQLite's file, to which another process writes. */
const writing: Hold = async (db) => {
  await db.raw("begin immediate");
  return () => db.raw("rollback");
};

const steps: Record<(typeof engines)[number], Record<string, Hold>> = {
  sqlite: { "another process writes": writing },
  postgres: {
    "the account is made": locked("companies"),
    "the trail is written": locked("audit_events"),
    "the session begins": locked("company_sessions"),
    "no connection is free": exhausted,
  },
};

const busy = "The service is not available right now. Try again in a moment.";

describe.each(engines)("signing up while the database is busy, on %s", (engine) => {
  let db: Knex;
  let server: AppServer;
  let client: Client;
  let numbers: string[];
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    db = openDatabase(databaseUrl);
    numbers = await fillPool(db, 20);
    server = await startServer({ databaseUrl, env: { DATABASE_POOL_MAX: "3" } });
    client = new Client(server.url);
    await client.signUp();
  });

  const kept = async () => ({
    companies: await db("companies").pluck<string[]>("email"),
    sessions: (await db("company_sessions")).length,
    events: (await db("audit_events")).length,
  });

  for (const [step, hold] of Object.entries(steps[engine])) {
    test(`makes nothing by half, keeps what was typed, and works the next time: ${step}`, async () => {
      const [form, fields] = [aCompany(), aCompany()];
      const [browser, program] = [new Client(server.url), new Client(server.url)];
      const before = await kept();
      const letGo = await hold(db, client);
      const [page, answer] = await Promise.all([
        post(browser, "/signup", form),
        program.post("/api/signup", fields),
      ]).finally(letGo);
      expect(page.status).toBe(503);
      expect(page.headers.get("Retry-After")).toBe("2");
      expect(textOf(page)).toContain(busy);
      const { password, ...typed } = form;
      expect(fieldsOf(page)).toMatchObject(typed);
      expect(page.html).not.toContain(password);
      expect(answer).toMatchObject({ status: 503, body: { error: busy, code: "unavailable" } });
      expect(answer.headers.get("Retry-After")).toBe("2");
      expect([...browser.cookies, ...program.cookies]).toEqual([]);
      // What was given up is not done afterwards either.
      expect(await kept()).toEqual(before);

      const again = await post(browser, "/signup", form);
      expect([again.status, again.location]).toEqual([302, "/dashboard/choose-number"]);
      expect((await program.post("/api/signup", fields)).status).toBe(201);
      for (const client of [browser, program]) {
        expect((await client.get("/api/session")).status).toBe(200);
      }
      const after = await kept();
      expect(after.companies).toHaveLength(before.companies.length + 2);
      expect(after.sessions).toBe(before.sessions + 2);
    });
  }

  test("choosing and making recovery codes wait for the next time too", async () => {
    const { password = "" } = aCompany();
    const [phone_number = ""] = numbers;
    const hold = engine === "sqlite" ? writing : locked("twilio_phone_numbers", "recovery_codes");
    const letGo = await hold(db, client);
    const [choice, codes, call] = await Promise.all([
      post(client, "/dashboard/choose-number", { phone_number }),
      post(client, "/settings/security", { password, batch: "" }),
      client.post("/api/phone-numbers/assign", { phone_number }),
    ]).finally(letGo);
    for (const { status, headers } of [choice, codes, call]) {
      expect([status, headers.get("Retry-After")]).toEqual([503, "2"]);
    }
    expect(textOf(choice)).toContain("We couldn't assign a number");
    expect(textOf(codes)).toContain("ot available right now");
    expect(await db("twilio_phone_numbers").where({ status: "assigned" })).toEqual([]);
    expect(await db("recovery_codes")).toEqual([]);

    const chosen = await post(client, "/dashboard/choose-number", { phone_number });
    expect(chosen.status).toBe(302);
    expect((await get(client, "/dashboard")).text).toContain("+353 86 000 0000");
    const made = await post(client, "/settings/security", { password, batch: "" });
    expect(made.html.match(/<code>/g)).toHaveLength(10);
    expect(await db("recovery_codes")).toHaveLength(10);
  });
});

import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { service } from "#app/domain/audit.server.ts";
import { inSeconds } from "#app/domain/database-clock.server.ts";
import { makeRecoveryCodes } from "#app/domain/recovery-codes.server.ts";
import { clockAhead } from "../support/clock.ts";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { until } from "../support/load.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { get, post } from "../support/pages.ts";
import { runScript } from "../support/script.ts";
import { startServer, type AppServer } from "../support/server.ts";

const hour = 60 * 60;
const day = 24 * hour;
const budget = 6;
const newPassword = "a short loud morning";

/**
 * What domain/clocks.test.ts shows of each verb, of whole servers: processes of their own that
 * share a database.
 */
describe.each(engines)(
  "two servers on one database, an hour ahead and an hour behind, %s",
  (engine) => {
    let databaseUrl: string;
    let db: Knex;
    let mail: MailServer;
    let servers: [ahead: AppServer, behind: AppServer];
    let numbers: string[];
    beforeAll(async () => {
      ({ url: databaseUrl } = await createMigratedDatabase(engine));
      db = openDatabase(databaseUrl);
      numbers = await fillPool(db, 20);
      mail = await startMailServer();
      const env = {
        RATE_LIMITS: "on",
        ASSIGNMENTS_PER_HOUR: String(budget),
        SMTP_URL: mail.url,
        MAIL_FROM: "numbers@example.com",
      };
      const start = (seconds: number) =>
        startServer({ databaseUrl, env: { ...env, ...clockAhead(seconds) } });
      servers = await Promise.all([start(hour), start(-hour)]);
    });

    /** The two, and each other way about. */
    const bothWays = () => [servers, servers.toReversed() as typeof servers];

    /** The same browser at the other server. */
    function at(server: AppServer, { cookies }: Client): Client {
      const client = new Client(server.url);
      for (const [name, value] of cookies) client.cookies.set(name, value);
      return client;
    }

    const statuses = (client: Client, path = "/api/session") =>
      Promise.all(servers.map(async (server) => (await at(server, client).fetch(path)).status));

    /** Seconds from now, by the database's clock, to a time in a row. */
    async function secondsUntil(time: string): Promise<number> {
      const row = await db("audit_kept").first<{ now: string }>(
        db.raw("? as now", [inSeconds(db, 0)]),
      );
      const now = row!.now;
      return (Date.parse(`${time}Z`) - Date.parse(`${now}Z`)) / 1000;
    }

    test("their clocks are two hours apart, as the trail shows", async () => {
      const written: number[] = [];
      for (const server of servers) {
        await new Client(server.url).signUp();
        const event = await db("audit_events").orderBy("id", "desc").first("at");
        written.push(Math.round((await secondsUntil(event!.at)) / hour));
      }
      expect(written).toEqual([1, -1]);
    });

    test("a session that begins at either is open at both, through its whole life, and then at none", async () => {
      for (const [one, other] of bothWays()) {
        const client = new Client(one.url);
        const { company } = (await client.signUp()).body as { company: { id: number } };
        const own = () => db("company_sessions").where({ company_id: company.id });
        // Others sign in and out, which clears what has expired.
        await new Client(other.url).signUp();
        expect(await statuses(client)).toEqual([200, 200]);
        await own().update({ created_at: inSeconds(db, -180 * day + 2 * hour) });
        await own().update({ expires_at: inSeconds(db, 2 * hour) });
        expect(await statuses(client)).toEqual([200, 200]);
        // Its use has begun 30 days anew, and not an hour more than the clock that noted it.
        const { expires_at } = (await own().first("expires_at"))!;
        expect(await secondsUntil(expires_at)).toBeLessThanOrEqual(30 * day + hour);
        await own().update({ created_at: inSeconds(db, -180 * day - 2 * hour) });
        expect(await statuses(client)).toEqual([401, 401]);
        await own().update({
          created_at: inSeconds(db, -day),
          expires_at: inSeconds(db, -2 * hour),
        });
        expect(await statuses(client)).toEqual([401, 401]);
      }
    });

    test("signing out at one is signing out at both", async () => {
      for (const [one, other] of bothWays()) {
        const client = new Client(one.url);
        await client.signUp();
        expect((await at(other, client).post("/api/logout", {})).status).toBe(200);
        expect(await statuses(client)).toEqual([401, 401]);
      }
    });

    test("they spend one budget of assignments", async () => {
      const outcomes: number[] = [];
      for (let i = 0; i < budget + 2; i++) {
        const client = new Client(servers[i % 2]!.url);
        await client.signUp();
        const { status, headers } = await client.post("/api/phone-numbers/assign", {
          phone_number: numbers[i],
        });
        outcomes.push(status);
        if (status !== 429) continue;
        expect(Number(headers.get("Retry-After"))).toBeGreaterThan(hour - 120);
        expect(Number(headers.get("Retry-After"))).toBeLessThanOrEqual(hour);
      }
      expect(outcomes).toEqual([...Array<number>(budget).fill(200), 429, 429]);
      const taken = await db("twilio_phone_numbers").where({ status: "assigned" });
      expect(taken).toHaveLength(budget);
      for (const { assigned_at } of taken) {
        expect(Math.abs(await secondsUntil(String(assigned_at)))).toBeLessThan(120);
      }
    });

    test("a link to a new password lives an hour at both, whoever made it", async () => {
      for (const seconds of [hour, -hour]) {
        const { email = "" } = aCompany();
        await new Client(servers[0].url).signUp({ email });
        const { stdout } = await runScript("companies", ["reset", email], {
          env: { DATABASE_URL: databaseUrl, ...clockAhead(seconds) },
        });
        const path = new URL(stdout.trim()).pathname;
        const visitor = new Client("");
        expect(await statuses(visitor, path)).toEqual([200, 200]);
        const links = db("account_links").where({ purpose: "reset" });
        const { expires_at } = (await links.clone().first("expires_at"))!;
        expect(await secondsUntil(expires_at)).toBeGreaterThan(hour - 120);
        expect(await secondsUntil(expires_at)).toBeLessThanOrEqual(hour);
        await links.clone().update({ expires_at: inSeconds(db, 60) });
        expect(await statuses(visitor, path)).toEqual([200, 200]);
        await links.clone().update({ expires_at: inSeconds(db, 0) });
        expect(await statuses(visitor, path)).toEqual([404, 404]);
        await links.clone().delete();
      }
    });

    test("an owner gets back in with a code at one and a password at the other, and is signed out at both", async () => {
      for (const [one, other] of bothWays()) {
        const fields = aCompany();
        const client = new Client(one.url);
        const { company } = (await client.signUp(fields)).body as { company: { id: number } };
        const made = await makeRecoveryCodes(db, company.id, "", service);
        const code = made.outcome === "made" ? made.codes[0]! : "";
        const { email = "" } = fields;
        const { location } = await post(new Client(one.url), "/forgot", { email, code });
        expect(location).toMatch(/^\/reset\//);
        const set = await post(new Client(other.url), location!, { password: newPassword });
        expect([set.status, set.location]).toEqual([302, "/login"]);
        expect(await statuses(client)).toEqual([401, 401]);
        for (const server of servers) {
          const again = await post(new Client(server.url), "/forgot", { email, code });
          expect(again.status).toBe(400);
          expect((await get(new Client(server.url), location!)).status).toBe(404);
          const login = await new Client(server.url).post("/api/login", {
            email,
            password: newPassword,
          });
          expect(login.status).toBe(200);
        }
      }
    });

    test("tries are filled again once at most, and nobody is locked out for more than that hour", async () => {
      // 20 in a quarter of an hour; the tests above have spent some.
      let through = 0;
      for (let i = 0; i < 50; i++) {
        const { status, headers } = await post(new Client(servers[i % 2]!.url), "/forgot", {
          email: "nobody@example.com",
          code: "0000-0000-0000-0000",
        });
        if (status === 400) through++;
        else {
          expect(status).toBe(429);
          expect(Number(headers.get("Retry-After"))).toBeLessThanOrEqual(2 * hour + hour / 4);
        }
      }
      expect(through).toBeLessThanOrEqual(40);
      const refused = await Promise.all(
        servers.map((server) =>
          post(new Client(server.url), "/forgot", { email: "nobody@example.com", code: "0" }),
        ),
      );
      expect(refused.map(({ status }) => status)).toEqual([429, 429]);
    });

    test("each mail is sent once, by whoever has the job, and waits its time where it cannot be", async () => {
      const queued = () => db("mail_queue").count<{ count: number }[]>({ count: "*" });
      await until("all mail is sent", async () => Number((await queued())[0]!.count) === 0, 20);
      const ids = mail.arrived.map((one) => one.header("Message-ID"));
      expect(ids.length).toBeGreaterThan(10);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { job, due_at, held_until } of await db("work_leases")) {
        expect(await secondsUntil(due_at), job).toBeLessThanOrEqual(6 * hour);
        if (held_until !== null)
          expect(await secondsUntil(held_until), job).toBeLessThanOrEqual(60);
      }

      mail.manners = "not-now";
      const refused = [aCompany().email!, aCompany().email!] as const;
      const tried = (email: string) => db("mail_queue").where({ address: email }).first();
      await new Client(servers[0].url).signUp({ email: refused[0] });
      await until("it is tried", async () => Number((await tried(refused[0]))?.tries) > 0, 20);
      await db("mail_queue").update({ next_try_at: inSeconds(db, hour / 2) });
      // To the server that is ahead its time has come; that one is alone now, and sends what is
      // due.
      await servers[1].stop();
      await new Client(servers[0].url).signUp({ email: refused[1] });
      await until(
        "the next is tried",
        async () => Number((await tried(refused[1]))?.tries) > 0,
        20,
      );
      const { next_try_at } = (await tried(refused[1]))!;
      expect(await secondsUntil(next_try_at)).toBeLessThanOrEqual(60);
      expect(await tried(refused[0])).toMatchObject({ tries: 1 });
    });
  },
);

import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { assignmentsInBothTables, fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { logLine } from "../support/processes.ts";
import { startServer } from "../support/server.ts";

const metricsToken = "a-token-for-the-metrics-alone";

describe.each(engines)("a pool that nobody empties (%s)", (engine) => {
  async function open(numbers: number, perHour: number) {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    const start = () =>
      startServer({
        databaseUrl: url,
        env: {
          RATE_LIMITS: "on",
          TRUST_PROXY: "1",
          ASSIGNMENTS_PER_HOUR: String(perHour),
          METRICS_TOKEN: metricsToken,
        },
      });
    return { db, pool: await fillPool(db, numbers), start };
  }

  const assigned = (db: Knex) =>
    db("twilio_phone_numbers").where({ status: "assigned" }).pluck("phone_number");

  /** A new address of one /48, each in a /64 of its own. */
  const inOneNetwork = () =>
    `2001:db8:666:${randomBytes(2).toString("hex")}::${randomBytes(2).toString("hex")}`;

  /** Signs up and assigns, from a new address each time, until it was refused so many times. */
  async function drain(url: string, pool: readonly string[], times: number) {
    const refused = [];
    for (let at = 0; refused.length < times; at++) {
      const client = new Client(url, { "X-Forwarded-For": inOneNetwork() });
      await client.signUp();
      const answer = await client.post("/api/phone-numbers/assign", {
        phone_number: pool[at % pool.length],
      });
      if (answer.body.code !== "phone_number_not_available" && answer.status !== 200) {
        refused.push(answer);
      }
    }
    return refused;
  }

  test("signing up and assigning in a loop, all over a /48, takes the hour's budget and no more", async () => {
    const { db, pool, start } = await open(20, 6);
    const server = await start();
    const refused = await drain(server.url, pool, 3);
    expect(await assigned(db)).toHaveLength(6);
    for (const { status, headers, body } of refused) {
      expect(status).toBe(429);
      expect(Number(headers.get("Retry-After"))).toBeGreaterThan(3_000);
      expect(body).toEqual({
        success: false,
        code: "assignment_budget",
        error: "Many numbers are being assigned right now. Try again in 60 minutes.",
      });
    }

    // An operator is told, by log and metric.
    await logLine(
      server,
      "the budget that is spent",
      ({ level, msg }) =>
        level === "warn" && String(msg).startsWith("the hour's assignments are spent"),
    );
    const metrics = await fetch(`${server.url}/metrics`, {
      headers: { Authorization: `Bearer ${metricsToken}` },
    });
    expect((await metrics.text()).match(/^phone_number_assignments_.*/gm)).toEqual(
      expect.arrayContaining([
        'phone_number_assignments_total{outcome="budget-spent"} 3',
        "phone_number_assignments_last_hour 6",
        "phone_number_assignments_budget 6",
      ]),
    );

    // The page says it in the modal, to a browser without JavaScript too.
    const [company] = await signedInCompanies(db, 1);
    const choose = (fields: Record<string, string>) =>
      fetch(`${server.url}/dashboard/choose-number`, {
        method: "POST",
        headers: { Cookie: company!.cookie },
        body: new URLSearchParams({ phone_number: pool.at(-1)!, ...fields }),
        redirect: "manual",
      });
    const page = await choose({});
    expect(page.status).toBe(429);
    expect(Number(page.headers.get("Retry-After"))).toBeGreaterThan(3_000);
    expect(await page.text()).toMatch(
      /role="alert"[^>]*>Many numbers are being assigned right now\. Try again in (60|59) minutes\./,
    );

    // Neither a restart nor a second process refills it.
    expect(await server.stop()).toBe(0);
    const again = await start();
    await drain(again.url, pool, 2);
    expect(await assigned(db)).toHaveLength(6);
  });

  test("500 who sign up at once for a pool of 50 each get a number or a clear answer", async () => {
    const { db, pool, start } = await open(50, 50);
    const { url } = await start();
    const statuses: Record<string, number> = {};
    let waiting = 500;
    const visit = async (at: number) => {
      const client = new Client(url, { "X-Forwarded-For": `198.18.${at >> 8}.${at & 255}` });
      const fields = aCompany();
      for (;;) {
        const { status, headers } = await client.post("/api/signup", fields);
        if (status === 201) break;
        // As many passwords are being hashed, or wait for the database, as may.
        expect([429, 503]).toContain(status);
        expect(Number(headers.get("Retry-After"))).toBeGreaterThan(0);
        // All come back about as fast as passwords can be hashed, and not all at once again.
        await setTimeout(Math.random() * waiting * 40);
      }
      waiting--;
      const { status, body } = await client.post("/api/phone-numbers/assign", {
        phone_number: pool[at % pool.length],
      });
      const told = `${status} ${typeof body.code === "string" ? body.code : "assigned"}`;
      statuses[told] = (statuses[told] ?? 0) + 1;
    };
    await Promise.all(Array.from({ length: 500 }, (_, at) => visit(at)));
    expect(statuses).toEqual({ "200 assigned": 50, "400 phone_number_not_available": 450 });
    const { pool: held, companies } = await assignmentsInBothTables(db);
    expect(held).toEqual(companies);
    expect(held).toHaveLength(50);
    expect(await db("companies").pluck("id")).toHaveLength(500);
  });
});

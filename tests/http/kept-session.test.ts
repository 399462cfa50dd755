import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

describe.each(engines)("a session in the browser, on %s", (engine) => {
  let url: string;
  let db: Knex;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    url = (await startServer({ databaseUrl: database.url })).url;
  });

  test.each(["/dashboard", "/dashboard.data", "/settings/phone"])(
    "opening %s renews it, once a day",
    async (path) => {
      const client = new Client(url);
      await client.signUp();
      const cookie = `session=${client.cookies.get("session")}`;
      const look = () => fetch(url + path, { headers: { Cookie: cookie } });
      expect((await look()).headers.getSetCookie()).toEqual([]);
      await db("company_sessions").update({ last_seen_at: "2026-01-01 00:00:00" });
      expect((await look()).headers.getSetCookie()).toEqual([
        expect.stringMatching(new RegExp(`^${cookie}; Max-Age=2592000;`)) as string,
      ]);
      expect((await look()).headers.getSetCookie()).toEqual([]);
    },
  );

  test("logging out removes the cookie, however old the session's last use is", async () => {
    const client = new Client(url);
    await client.signUp();
    const cookie = `session=${client.cookies.get("session")}`;
    await db("company_sessions").update({ last_seen_at: "2026-01-01 00:00:00" });
    const out = await fetch(`${url}/logout`, {
      method: "POST",
      headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
      body: "log_out=yes",
      redirect: "manual",
    });
    expect(out.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=; Max-Age=0;/) as string,
    ]);
  });
});

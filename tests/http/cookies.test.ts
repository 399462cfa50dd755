import { describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { post } from "../support/pages.ts";
import { startServer } from "../support/server.ts";

/**
 * Every `Set-Cookie` that a browser gets: at sign-up, log-in, news, a form after log-out, log-out.
 */
async function setCookies(PUBLIC_URL: string) {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { url } = await startServer({ databaseUrl, env: PUBLIC_URL ? { PUBLIC_URL } : {} });
  const client = new Client(url);
  const fields = aCompany();
  const account = { company_name: "Acme", owner_name: "Ann", time_zone: "UTC" };
  const answers = [
    await post(client, "/signup", fields),
    await post(client, "/login", fields),
    await post(client, "/settings/account", account),
    await post(client, "/logout", {}),
    await post(client, "/settings/account", account),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 302));

  return { url, fields, set: answers.flatMap(({ headers }) => headers.getSetCookie()) };
}

describe("cookies", () => {
  test("under https each is Secure, and those that identify somebody begin with __Host-", async () => {
    const { url, fields, set } = await setCookies("https://numbers.example.com");
    for (const cookie of set) {
      expect(cookie).toMatch(/; Secure(;|$)/i);
      expect(cookie).toMatch(/; HttpOnly(;|$)/i);
      expect(cookie).toMatch(/; SameSite=Lax(;|$)/i);
      expect(cookie).not.toMatch(/; Domain=/i);
    }
    const names = new Set(set.map((cookie) => cookie.slice(0, cookie.indexOf("="))));
    expect([...names].filter((name) => /session|device/.test(name))).toEqual([
      "__Host-session",
      "__Host-device",
    ]);
    // A cookie planted by a neighbour under the same domain, or over plain http, opens nothing.
    const owner = new Client(url);
    await owner.post("/api/login", fields);
    const id = owner.cookies.get("__Host-session");
    expect(id).toMatch(/^[\w-]{43}$/);
    const planted = new Client(url, { Cookie: `session=${id}` });
    expect((await planted.get("/api/session")).status).toBe(401);
    expect((await owner.get("/api/session")).status).toBe(200);
  });

  test("without https they are still only for this site, and no script can read them", async () => {
    const { set } = await setCookies("");
    expect(set.length).toBeGreaterThan(5);
    for (const cookie of set) {
      expect(cookie).toMatch(/; HttpOnly(;|$)/i);
      expect(cookie).toMatch(/; SameSite=Lax(;|$)/i);
      expect(cookie).not.toMatch(/; (Secure|Domain)/i);
    }
  });
});

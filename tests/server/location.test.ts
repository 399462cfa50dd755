import { beforeAll, expect, test } from "vitest";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { exchange, signedInCompanies } from "../support/load.ts";
import { startServer } from "../support/server.ts";

let url: string;
let cookie: string;
beforeAll(async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  url = (await startServer({ databaseUrl })).url;
  cookie = (await signedInCompanies(openDatabase(databaseUrl), 1))[0]!.cookie;
});

test("a redirect is absolute under PUBLIC_URL's host, and relative under any other", async () => {
  const { host, port } = new URL(url);
  const leadsTo = async (asked: string) =>
    (await exchange(`${url}/dashboard`, { headers: { Host: asked } })).headers.location;
  const login = "/login?redirectTo=%2Fdashboard";
  expect(await leadsTo(host)).toBe(`${url}${login}`);
  expect(await leadsTo(host.toUpperCase())).toBe(`${url}${login}`);
  expect(await leadsTo(`127.0.0.1:${port}`)).toBe(login);
  expect(await leadsTo("numbers.example.com")).toBe(login);
  expect(await leadsTo("localhost")).toBe(login);
});

test("a redirect back to the requested address is relative", async () => {
  const sent = async (path: string, body: string) => {
    const answer = await exchange(url + path, {
      method: "POST",
      headers: { Cookie: cookie, "Content-Type": "application/x-www-form-urlencoded" },
      body,
    });
    return [answer.status, answer.headers.location];
  };
  const withheld = "/settings/calls/blocked";
  expect(await sent(withheld, "withheld=refuse")).toEqual([302, withheld]);
  expect(await sent(`${withheld}?from=mail`, "withheld=refuse")).toEqual([302, url + withheld]);
});

test("pages are never cached, and lynx is told so in its own words", async () => {
  const { headers } = await exchange(`${url}/login`);
  expect([headers["cache-control"], headers["pragma"]]).toEqual(["no-store", "no-cache"]);
});

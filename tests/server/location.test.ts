import { expect, test } from "vitest";
import { createMigratedDatabase } from "../support/databases.ts";
import { exchange } from "../support/load.ts";
import { startServer } from "../support/server.ts";

test("a redirect is absolute under PUBLIC_URL's host, and relative under any other", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { url } = await startServer({ databaseUrl });
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

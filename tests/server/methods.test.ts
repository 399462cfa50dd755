import { beforeAll, expect, test } from "vitest";
import { createMigratedDatabase } from "../support/databases.ts";
import { aCompany, Client } from "../support/client.ts";
import { exchange } from "../support/load.ts";
import { logLines, requestLine } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";

/** Requests by methods that are not meant, and what else no page takes. */

let server: AppServer;
let client: Client;
let cookie: string;

beforeAll(async () => {
  const { url } = await createMigratedDatabase("sqlite");
  server = await startServer({ databaseUrl: url });
  client = new Client(server.url);
  await client.signUp();
  cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
});

const send = (method: string, path: string, headers: Record<string, string> = {}) =>
  exchange(server.url + path, { method, headers: { cookie, ...headers } });

test.each(["PATCH", "PROPFIND", "TRACE", "OPTIONS"])(
  "%s is answered by the API in JSON, with what it takes instead",
  async (method) => {
    const { status, body, headers } = await send(method, "/api/session");
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
    expect(JSON.parse(body)).toMatchObject({ success: false, code: "method_not_allowed" });
    const nowhere = await send(method, "/api/nothing");
    expect([nowhere.status, JSON.parse(nowhere.body)]).toMatchObject([404, { code: "not_found" }]);
  },
);

test.each([
  ["OPTIONS", "/dashboard/ring-test", "GET, HEAD"],
  ["POST", "/dashboard/ring-test", "GET, HEAD"],
  ["OPTIONS", "/calls.csv", "GET, HEAD"],
  ["DELETE", "/healthz", "GET, HEAD"],
  ["DELETE", "/robots.txt", "GET, HEAD"],
  ["POST", "/", "GET, HEAD"],
  ["OPTIONS", "/signup", "GET, HEAD, POST"],
  ["PUT", "/settings/account", "GET, HEAD, POST"],
  ["DELETE", "/logout", "GET, HEAD, POST"],
])("%s %s does nothing, and is told what can be done there", async (method, path, allow) => {
  const { status, headers } = await send(method, path, { origin: server.url });
  expect([status, headers.allow]).toEqual([405, allow]);
  expect((await client.get("/api/session")).status).toBe(200);
});

test("a request that no page takes is no fault of the program's in the log, and a page's address may have any query", async () => {
  const before = logLines(server).length;
  for (const [method, path, wanted] of [
    ["POST", "/", 405],
    ["OPTIONS", "/signup", 405],
    ["POST", "/healthz.data", 405],
    ["GET", "/dashboard%0d%0aX:%20y", 404],
    ["GET", "/login?_data=routes%2Flogin", 302],
    ["GET", "/dashboard?%5Fdata=routes%2F_app&a=b", 200],
  ] as const) {
    const { status } = await send(method, path, { "x-request-id": "the-last-one" });
    expect([path, status]).toEqual([path, wanted]);
  }
  await requestLine(server, "the-last-one");
  const messages = logLines(server)
    .slice(before)
    .map(({ msg }) => msg);
  expect(new Set(messages)).toEqual(new Set(["request"]));
});

test("a form without fields needs no type", async () => {
  const one = new Client(server.url);
  await one.signUp(aCompany());
  const { status, headers } = await one.fetch("/logout", { method: "POST" });
  expect([status, headers.get("Location")]).toEqual([302, "/"]);
  expect((await one.get("/api/session")).status).toBe(401);
});

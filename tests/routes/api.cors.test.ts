import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { Client } from "../support/client.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { companyWithToken } from "../support/programs.ts";
import { startServer } from "../support/server.ts";

const allowed = "https://app.example.com";
const path = "/api/phone-numbers/current";

const preflight = (client: Client, origin: string, address = path) =>
  client.fetch(address, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": "authorization",
    },
  });

const corsOf = ({ headers }: Response) =>
  [...headers.keys()].filter((name) => name.startsWith("access-control-"));

describe("with CORS_ORIGINS", () => {
  let url: string;
  let token: string;
  let cookie: string;
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase("sqlite");
    const db = openDatabase(databaseUrl);
    await addToPool(db, someNumbers(60));
    ({ url } = await startServer({
      databaseUrl,
      env: { CORS_ORIGINS: `http://localhost:5173,${allowed}` },
    }));
    const company = await companyWithToken(url, db);
    token = company.token;
    cookie = company.owner.headers["Cookie"]!;
  });

  test("a script of such an origin may use a token, and read every answer", async () => {
    const asked = await preflight(new Client(url), allowed);
    expect(asked.status).toBe(204);
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      "access-control-allow-origin": allowed,
      "access-control-allow-methods": "GET, POST, PUT, DELETE",
      "access-control-allow-headers": expect.stringContaining("Authorization") as string,
      vary: "Origin",
    });
    const browser = { Origin: allowed, "Sec-Fetch-Site": "cross-site" };
    const program = new Client(url, { Authorization: `Bearer ${token}`, ...browser });
    for (const [client, address, status] of [
      [program, path, 200],
      [program, "/api/phone-numbers/available", 200],
      [program, "/api/nothing", 404],
      [program, "/api/openapi.json", 200],
      [new Client(url, browser), path, 401],
    ] as const) {
      const answer = await client.fetch(address);
      expect([address, answer.status]).toEqual([address, status]);
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe(allowed);
      expect(answer.headers.get("Vary")).toMatch(/^Origin\b/);
      expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("X-Request-Id");
    }
    const assigned = await program.post("/api/phone-numbers/assign", { first_available: true });
    expect(assigned.status).toBe(200);
  });

  test("it gets no credentials, and a cookie sent along is refused", async () => {
    const asked = await preflight(new Client(url), allowed);
    expect(asked.headers.has("Access-Control-Allow-Credentials")).toBe(false);
    const browser = new Client(url, {
      Cookie: cookie,
      Origin: allowed,
      "Sec-Fetch-Site": "cross-site",
    });
    const answer = await browser.post("/api/phone-numbers/assign", { first_available: true });
    expect(answer).toMatchObject({ status: 403, body: { code: "cross_site" } });
    expect(answer.headers.has("Access-Control-Allow-Credentials")).toBe(false);
  });

  test.each(["https://evil.example", "null", "https://app.example.com.evil.example", "*"])(
    "a script of %s may not",
    async (origin) => {
      const asked = await preflight(new Client(url), origin);
      expect(asked.status).toBe(405);
      expect(corsOf(asked)).toEqual([]);
      const program = new Client(url, { Authorization: `Bearer ${token}`, Origin: origin });
      expect(corsOf(await program.fetch(path))).toEqual([]);
    },
  );

  test("pages are not shared with other origins", async () => {
    expect(corsOf(await new Client(url, { Origin: allowed }).fetch("/login"))).toEqual([]);
  });
});

test("without CORS_ORIGINS no origin may", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { url } = await startServer({ databaseUrl });
  const asked = await preflight(new Client(url), allowed);
  expect([asked.status, corsOf(asked), asked.headers.has("Vary")]).toEqual([405, [], false]);
  expect(corsOf(await new Client(url, { Origin: allowed }).fetch(path))).toEqual([]);
});

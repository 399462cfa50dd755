import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { makeToken, scopes, type Scope } from "#app/domain/tokens.server.ts";
import { Client } from "../support/client.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { requestLine } from "../support/processes.ts";
import { companyWithToken } from "../support/programs.ts";
import { startServer, type AppServer } from "../support/server.ts";

describe.each(engines)("API tokens on %s", (engine) => {
  let server: AppServer;
  let url: string;
  let db: Knex;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    server = await startServer({ databaseUrl: database.url });
    url = server.url;
  });

  const bearer = (token: string, headers: Record<string, string> = {}) =>
    new Client(url, { Authorization: `Bearer ${token}`, ...headers });

  test("the whole way: made with a session, used by a program, seen in the list, revoked", async () => {
    const { owner, id } = await companyWithToken(url, db);
    const fields = { name: "CI", scopes: ["numbers:assign", "numbers:read"] };
    const made = await owner.post("/api/tokens", fields);
    expect(made).toMatchObject({
      status: 201,
      body: { success: true, token: { name: "CI", scopes: ["numbers:read", "numbers:assign"] } },
    });
    const { token, ...rest } = made.body.token as Record<string, unknown>;
    expect(token).toMatch(/^cpn_[0-9A-Za-z]{49}$/);

    const program = bearer(String(token), { "X-Request-Id": `program-of-${engine}` });
    const current = await program.get("/api/phone-numbers/current");
    expect(current.body).toEqual({ success: true, phone_number: null, has_phone: false });
    expect((await program.get("/api/session")).body).toMatchObject({ company: { id } });
    const line = await requestLine(server, `program-of-${engine}`);
    expect(line).toMatchObject({ companyId: id, tokenId: rest["id"] });

    const { body } = await owner.get("/api/tokens");
    const [first, second] = body.tokens as Record<string, unknown>[];
    expect(first).toEqual({ ...rest, last_used_at: expect.stringMatching(/Z$/) as string });
    expect(second).toMatchObject({ name: "Program", last_used_at: null });
    expect(JSON.stringify(body)).not.toContain(token);

    const revoked = await owner.fetch(`/api/tokens/${String(rest["id"])}`, { method: "DELETE" });
    expect([revoked.status, await revoked.json()]).toEqual([200, { success: true }]);
    expect((await program.get("/api/phone-numbers/current")).status).toBe(401);
    expect(server.output()).not.toContain(token);
  });

  test("the answer says what is wrong with a token, but not what it could have done", async () => {
    const { token, id } = await companyWithToken(url, db);
    const old = await makeToken(db, id, {
      name: "Old",
      scopes: [...scopes],
      expires_at: new Date("2020-01-01T00:00:00Z"),
    });
    const expired = old.outcome === "made" ? old.secret : "";
    const mistyped = token.replace(/.$/, (sign) => (sign === "a" ? "b" : "a"));
    for (const [sent, why] of [
      [expired, "The token has expired"],
      [mistyped, "That is no token"],
      ["", "That is no token"],
      ["x".repeat(5_000), "That is no token"],
      [`${token} ${token}`, "That is no token"],
      ["cpn_0000000000000000000000000000000000000000000x", "That is no token"],
    ] as const) {
      const answer = await bearer(sent).get("/api/phone-numbers/current");
      expect(answer).toMatchObject({
        status: 401,
        body: { success: false, error: "Not authenticated", code: "not_authenticated" },
      });
      expect(answer.headers.get("WWW-Authenticate")).toBe(
        `Bearer realm="api", error="invalid_token", error_description="${why}"`,
      );
    }
    const without = await new Client(url).get("/api/phone-numbers/current");
    expect(without.headers.get("WWW-Authenticate")).toBe('Bearer realm="api"');
  });

  const calls: [scope: Scope, method: string, path: string, body?: object][] = [
    ["numbers:read", "GET", "/api/phone-numbers/current"],
    ["numbers:read", "GET", "/api/phone-numbers/available"],
    ["numbers:assign", "POST", "/api/phone-numbers/assign", { phone_number: "+353869999999" }],
    ["calls:read", "GET", "/api/calls"],
    ["calls:read", "GET", `/api/calls/CA${"0".repeat(32)}`],
    ["settings:write", "GET", "/api/call-handling"],
    ["settings:write", "PUT", "/api/call-handling", {}],
  ];

  test.each(calls)("without %s a token may not %s %s", async (scope, method, path, body) => {
    const send = async (scopes: Scope[]) => {
      const { program } = await companyWithToken(url, db, { scopes });
      const response = await program.fetch(path, {
        method,
        ...(body && {
          body: JSON.stringify(body),
          headers: { "Content-Type": "application/json" },
        }),
      });
      return { response, body: (await response.json()) as Record<string, unknown> };
    };
    const refused = await send(scopes.filter((other) => other !== scope));
    expect(refused.response.status).toBe(403);
    expect(refused.body).toEqual({
      success: false,
      error: `The token lacks the scope ${scope}`,
      code: "insufficient_scope",
    });
    expect(refused.response.headers.get("WWW-Authenticate")).toContain(`scope="${scope}"`);
    expect([401, 403]).not.toContain((await send([scope])).response.status);
  });

  test("a token opens no page, and neither makes, lists nor revokes tokens", async () => {
    const { program, tokenId } = await companyWithToken(url, db);
    for (const path of ["/dashboard", "/settings/tokens", "/calls.csv"]) {
      const { status, headers } = await program.fetch(path);
      expect([path, status, headers.get("Location")]).toEqual([
        path,
        302,
        `/login?redirectTo=${encodeURIComponent(path)}`,
      ]);
    }
    const refused = { status: 403, body: { code: "insufficient_scope" } };
    expect(await program.get("/api/tokens")).toMatchObject(refused);
    expect(await program.post("/api/tokens", { name: "x", scopes: [...scopes] })).toMatchObject(
      refused,
    );
    const revoking = await program.fetch(`/api/tokens/${tokenId}`, { method: "DELETE" });
    expect(revoking.status).toBe(403);
    expect((await program.get("/api/session")).status).toBe(200);
  });

  test("the header takes precedence over the cookie, and exempts from the same-site check", async () => {
    const one = await companyWithToken(url, db);
    const other = await companyWithToken(url, db);
    const Cookie = one.owner.headers["Cookie"]!;
    const both = bearer(other.token, { Cookie });
    expect((await both.get("/api/session")).body).toMatchObject({ company: { id: other.id } });
    const invalid = bearer("cpn_x", { Cookie });
    expect((await invalid.get("/api/session")).status).toBe(401);
    // Another scheme is not ours: a proxy in front may have asked for it.
    const basic = new Client(url, { Cookie, Authorization: "Basic YTpi" });
    expect((await basic.get("/api/session")).body).toMatchObject({ company: { id: one.id } });

    const elsewhere = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" };
    const assign = (client: Client) =>
      client.post("/api/phone-numbers/assign", { phone_number: "+353869999999" });
    expect(await assign(bearer(other.token, elsewhere))).toMatchObject({
      body: { code: "phone_number_not_available" },
    });
    expect(await assign(new Client(url, { Cookie, ...elsewhere }))).toMatchObject({
      status: 403,
      body: { code: "cross_site" },
    });
    // Signing in and out is a session's, whatever header comes along.
    for (const path of ["/api/login", "/api/logout", "/api/signup"]) {
      const answer = await bearer(other.token, elsewhere).post(path, {});
      expect(answer).toMatchObject({ status: 403, body: { code: "cross_site" } });
    }
  });

  test("another company's token is not there", async () => {
    const one = await companyWithToken(url, db);
    const other = await companyWithToken(url, db);
    for (const id of [other.tokenId, 999_999, "x", "-1", "1e3", "9".repeat(30)]) {
      const response = await one.owner.fetch(`/api/tokens/${id}`, { method: "DELETE" });
      expect([id, response.status]).toEqual([id, 404]);
      expect(await response.json()).toMatchObject({ code: "not_found" });
    }
    expect((await other.program.get("/api/session")).status).toBe(200);
    const mine = await one.owner.post("/api/tokens", {
      name: "mine",
      scopes: ["numbers:read"],
      company_id: other.id,
    });
    const { token } = mine.body.token as { token: string };
    expect((await bearer(token).get("/api/session")).body).toMatchObject({
      company: { id: one.id },
    });
  });

  test("an invalid token form is refused field by field", async () => {
    const { owner } = await companyWithToken(url, db);
    expect(await owner.post("/api/tokens", {})).toMatchObject({
      status: 400,
      body: {
        code: "invalid_fields",
        fields: { name: expect.any(String) as string, scopes: expect.any(String) as string },
      },
    });
    const past = { name: "x", scopes: ["numbers:read"], expires_at: "2020-01-01T00:00:00Z" };
    expect((await owner.post("/api/tokens", past)).body.fields).toHaveProperty("expires_at");
    expect((await new Client(url).post("/api/tokens", past)).status).toBe(401);
  });

  test("a company has 50 at most", async () => {
    const { owner } = await companyWithToken(url, db);
    const fields = { name: "x", scopes: ["numbers:read"] };
    for (let i = 1; i < 50; i++) expect((await owner.post("/api/tokens", fields)).status).toBe(201);
    expect(await owner.post("/api/tokens", fields)).toMatchObject({
      status: 400,
      body: { code: "invalid_fields", error: expect.stringContaining("50") as string },
    });
  });

  test("a program takes the number that has been available longest, of those that it wants", async () => {
    await addToPool(db, ["+12015550101", "+442079460009", ...someNumbers(3), "+442079460007"]);
    await db("twilio_phone_numbers")
      .where({ phone_number: "+442079460007" })
      .update({ created_at: "2001-01-01 00:00:00" });
    const take = async (wanted: object) => {
      const { program } = await companyWithToken(url, db);
      return program.post("/api/phone-numbers/assign", { first_available: true, ...wanted });
    };
    const taken = async (wanted: object) => (await take(wanted)).body.phone_number;
    expect(await taken({ country: "GB" })).toBe("+442079460007");
    expect(await taken({ country: "gb", contains: "20 (7946)" })).toBe("+442079460009");
    expect(await taken({ contains: "0000002" })).toBe("+353860000002");
    expect(await taken({})).toBe("+12015550101");
    expect(await take({ country: "GB" })).toMatchObject({
      status: 400,
      body: { code: "phone_number_not_available" },
    });
    for (const [wanted, field] of [
      [{ country: "Ireland" }, "country"],
      [{ country: 1 }, "country"],
      [{ contains: "abc" }, "contains"],
      [{ phone_number: "+353860000000" }, "phone_number"],
    ] as const) {
      const answer = await take(wanted);
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_fields" } });
      expect(Object.keys(answer.body.fields as object)).toEqual([field]);
    }
    for (const first_available of [false, "true", 1, null]) {
      expect(await take({ first_available })).toMatchObject({
        status: 400,
        body: { code: "phone_number_required" },
      });
    }
  });

  test("companies that want the same few numbers at once get one each", async () => {
    await addToPool(db, ["+4930111111", "+4930111112", "+4930111113"]);
    const companies = await Promise.all(Array.from({ length: 8 }, () => companyWithToken(url, db)));
    const answers = await Promise.all(
      companies.map(({ program }) =>
        program.post("/api/phone-numbers/assign", { first_available: true, country: "DE" }),
      ),
    );
    const got = answers.flatMap(({ body }) => (body.phone_number as string) ?? []);
    expect(got.toSorted()).toEqual(["+4930111111", "+4930111112", "+4930111113"]);
  });
});

test("one token may send 600 requests a minute, another's are its own", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const { url } = await startServer({ databaseUrl, env: { RATE_LIMITS: "on" } });
  const { program, owner } = await companyWithToken(url, db);
  const statuses = new Map<number, number>();
  for (let i = 0; i < 31; i++) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => program.get("/api/phone-numbers/current")),
    );
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(Object.fromEntries(statuses)).toEqual({ 200: 600, 429: 20 });
  const refused = await program.get("/api/phone-numbers/current");
  expect(refused.body.code).toBe("rate_limited");
  expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect((await owner.get("/api/phone-numbers/current")).status).toBe(200);
  expect((await (await companyWithToken(url, db)).program.get("/api/session")).status).toBe(200);
});

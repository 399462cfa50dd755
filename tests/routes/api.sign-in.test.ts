import { createCookie } from "@remix-run/node";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client, refusal } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { openSite, type Site } from "../support/site.ts";

describe.each(engines)("the JSON API's signing in and out on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  test("signing in works with the email in another case and makes a new session", async () => {
    const client = new Client(site.url);
    const fields = aCompany();
    await client.signUp(fields);
    const old = client.cookies.get("session");
    const answer = await client.post("/api/login", {
      email: ` ${fields.email?.toUpperCase()} `,
      password: fields.password,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, company: { email: fields.email } },
    });
    expect(client.cookies.get("session")).not.toBe(old);
    const stale = new Client(site.url, { Cookie: `session=${old}` });
    expect((await stale.get("/api/session")).status).toBe(401);
  });

  test("a cookie that an earlier version signed still opens its session, and logging out ends it", async () => {
    const client = new Client(site.url);
    await client.signUp();
    const id = client.cookies.get("session");
    expect(id).toMatch(/^[\w-]{43}$/);
    const signed = await createCookie("session", {
      secrets: ["a secret that nobody has any more"],
    }).serialize(id);
    const earlier = new Client(site.url, { Cookie: signed.split(";")[0] ?? "" });
    expect(signed).toMatch(/^session=[^;.]+\.[^;]+;/);
    expect((await earlier.get("/api/session")).status).toBe(200);
    expect((await earlier.post("/api/logout", {})).status).toBe(200);
    expect((await client.get("/api/session")).status).toBe(401);
  });

  test("a wrong password and an unknown email get the same answer", async () => {
    const fields = aCompany();
    await new Client(site.url).signUp(fields);
    const client = new Client(site.url);
    const wrong = await client.post("/api/login", {
      email: fields.email,
      password: "not the password",
    });
    const unknown = await client.post("/api/login", {
      email: "nobody@example.com",
      password: "not the password",
    });
    expect(wrong).toMatchObject(
      refusal(401, "not_authenticated", "Email or password is incorrect"),
    );
    expect(unknown.body).toEqual(wrong.body);
    expect(unknown.status).toBe(wrong.status);
    expect(client.cookies.size).toBe(0);
  });

  test.each([
    {},
    { email: "ann@example.com" },
    { email: 1, password: 2 },
    { email: null, password: "x" },
  ])("%j is not a sign-in", async (body) => {
    expect(await new Client(site.url).post("/api/login", body)).toMatchObject(
      refusal(400, "invalid_fields", "Email and password are required"),
    );
  });

  test("a session that was logged out is dead wherever its cookie is", async () => {
    const { client } = await site.signedUp();
    const copy = new Client(site.url);
    for (const [name, value] of client.cookies) copy.cookies.set(name, value);
    expect(await client.post("/api/logout", {})).toMatchObject({
      status: 200,
      body: { success: true },
    });
    expect((await copy.get("/api/session")).status).toBe(401);
    expect((await client.get("/api/session")).status).toBe(401);
  });

  test("logging out needs no body and no session", async () => {
    const response = await new Client(site.url).fetch("/api/logout", {
      method: "POST",
    });
    expect(response.status).toBe(200);
  });

  test("an expired session is no longer a session", async () => {
    const { client } = await site.signedUp();
    await site.db("company_sessions").update({
      expires_at: "2020-01-01 00:00:00",
    });
    expect(await client.get("/api/session")).toMatchObject(
      refusal(401, "not_authenticated", "Not authenticated"),
    );
  });

  test("a used session lives on, up to its absolute end", async () => {
    const { client } = await site.signedUp();
    const { company } = (await client.get("/api/session")).body as {
      company: { id: number };
    };
    const own = () => site.db("company_sessions").where({ company_id: company.id });
    await own().update({
      last_seen_at: "2020-01-01 00:00:00",
      expires_at: "2999-01-01 00:00:00",
    });
    const answer = await client.get("/api/session");
    expect(answer.status).toBe(200);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=.*Max-Age=2592000/) as string,
    ]);
    expect(await own().first("last_seen_at")).not.toMatchObject({
      last_seen_at: "2020-01-01 00:00:00",
    });
    await own().update({ created_at: "2020-01-01 00:00:00" });
    expect((await client.get("/api/session")).status).toBe(401);
  });

  test.each([
    "",
    "garbage",
    "%E0%A4%A",
    "a.b",
    '"x"',
    "ImZvcmdlZCI%3D.c2lnbmF0dXJl",
    "x".repeat(4_000),
  ])("the cookie %j is nobody", async (value) => {
    const client = new Client(site.url, { Cookie: `session=${value}` });
    expect(await client.get("/api/session")).toMatchObject(
      refusal(401, "not_authenticated", "Not authenticated"),
    );
  });

  test("what is stored opens no account: the id is hashed, the password Argon2id", async () => {
    const { client } = await site.signedUp();
    const id = client.cookies.get("session") ?? "";
    expect(id).toMatch(/^[\w-]{43}$/);
    const sessions = JSON.stringify(await site.db("company_sessions").select());
    expect(sessions).not.toContain(id);
    const { password_hash } = await site
      .db("companies")
      .orderBy("id", "desc")
      .first<{ password_hash: string }>();
    expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });
});

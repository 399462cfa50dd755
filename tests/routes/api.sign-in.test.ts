import { createCookie } from "@remix-run/node";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client, refusal } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { openSite, type Site } from "../support/site.ts";

describe.each(engines)("the JSON API's signing up, in and out on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  test("a new company is signed in, and its email kept in lower case", async () => {
    const client = new Client(site.url);
    const fields = aCompany();
    const answer = await client.post("/api/signup", {
      ...fields,
      email: `  ${fields.email?.toUpperCase()} `,
      phone: "+353 (86) 123-4567",
      company_id: 1,
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      success: true,
      company: {
        id: expect.any(Number) as number,
        company_name: "Ring & Sons",
        owner_name: "Ann Ring",
        email: fields.email,
        phone: "+353861234567",
        twilio_phone_number: null,
      },
    });
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith("session="));
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Lax/);
    expect(cookie).toMatch(/; Path=\//);
    expect(cookie).toMatch(/Max-Age=2592000/);
    expect(cookie).not.toMatch(/Secure/);
    expect(await client.get("/api/session")).toMatchObject({
      status: 200,
      body: { success: true, company: answer.body.company },
    });
  });

  test.each([
    ["nothing", {}, ["company_name", "owner_name", "email", "password"]],
    [
      "wrong types",
      {
        ...aCompany(),
        company_name: 1,
        email: ["x"],
        password: {},
        owner_name: null,
        phone: 3,
      },
      ["company_name", "owner_name", "phone", "email", "password"],
    ],
    ["spaces only", { ...aCompany(), company_name: "  " }, ["company_name"]],
    ["a name that is too long", { ...aCompany(), owner_name: "x".repeat(256) }, ["owner_name"]],
    [
      "an email that is too long",
      { ...aCompany(), email: `${"x".repeat(250)}@example.com` },
      ["email"],
    ],
    ["an email that is none", { ...aCompany(), email: "ann at example" }, ["email"]],
    [
      "control characters",
      {
        ...aCompany(),
        company_name: "a\u0000b",
        owner_name: "a\nb",
        email: "a\u0007@example.com",
      },
      ["company_name", "owner_name", "email"],
    ],
    ["a phone that is none", { ...aCompany(), phone: "0861234567" }, ["phone"]],
    ["a password of 7", { ...aCompany(), password: "seven77" }, ["password"]],
    ["a password of 257", { ...aCompany(), password: "x".repeat(257) }, ["password"]],
    ["a password that is common", { ...aCompany(), password: "Password1" }, ["password"]],
    ["the company's name as password", { ...aCompany(), password: "ring & sons" }, ["password"]],
    [
      "the email as password",
      {
        ...aCompany(),
        email: "long.name@example.com",
        password: "long.name@example.com",
      },
      ["password"],
    ],
  ])("%s is refused field by field", async (_name, body, fields) => {
    const answer = await new Client(site.url).post("/api/signup", body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.fields as object).sort()).toEqual(fields.sort());
    for (const message of Object.values(answer.body.fields as object)) {
      expect(message).toMatch(/^[A-Z][^\n]+[.?]$/);
    }
  });

  test("an email with NUL in it is nobody's, and refused at sign-up", async () => {
    const client = new Client(site.url);
    const email = "ann\u0000@example.com";
    expect(await client.post("/api/login", { email, password: "evening" })).toMatchObject(
      refusal(401, "not_authenticated", "Email or password is incorrect"),
    );
    expect((await client.post("/api/signup", { ...aCompany(), email })).status).toBe(400);
  });

  test("who signs up with composed letters logs in with decomposed ones", async () => {
    const [email, password] = ["zoë@exämple.ie", "Grüße, Béal an Átha"];
    await new Client(site.url).signUp({ email: email.normalize("NFC"), password });
    const decomposed = { email: email.normalize("NFD"), password: password.normalize("NFD") };
    expect((await new Client(site.url).post("/api/login", decomposed)).status).toBe(200);
  });

  test("255 characters and passwords of 8 and 256 are accepted whole", async () => {
    const client = new Client(site.url);
    const fields = { ...aCompany(), company_name: "é".repeat(255) };
    await client.signUp({ ...fields, password: "ünïcödé8" });
    const long = "p".repeat(255);
    const other = { ...aCompany(), password: `${long}!` };
    await client.signUp(other);
    expect((await client.post("/api/login", { ...other, password: `${long}?` })).status).toBe(401);
    expect((await client.post("/api/login", other)).status).toBe(200);
  });

  test("an email that is taken is a 409, in any case", async () => {
    const fields = aCompany();
    await new Client(site.url).signUp(fields);
    for (const email of [fields.email, fields.email?.toUpperCase()]) {
      const answer = await new Client(site.url).post("/api/signup", {
        ...fields,
        email,
        password: "another quiet evening",
      });
      expect(answer).toMatchObject(
        refusal(409, "email_taken", "An account with this email address already exists"),
      );
    }
  });

  test("a sign-up that is sent again, since its answer was lost, opens the account", async () => {
    const fields = aCompany();
    const first = await new Client(site.url).signUp(fields);
    const client = new Client(site.url);
    const again = await client.post("/api/signup", fields);
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(await client.get("/api/session")).toMatchObject({
      status: 200,
      body: { company: first.body["company"] },
    });
  });

  test("two sign-ups with one email at once make one company", async () => {
    const fields = aCompany();
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        new Client(site.url).post("/api/signup", {
          ...fields,
          password: `quiet evening number ${index}`,
        }),
      ),
    );
    expect(answers.map(({ status }) => String(status)).sort()).toEqual([
      "201",
      "409",
      "409",
      "409",
      "409",
      "409",
    ]);
  });

  test("signing in works with the email in another case and makes a session of its own", async () => {
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
  ])("%j is no sign-in", async (body) => {
    expect(await new Client(site.url).post("/api/login", body)).toMatchObject(
      refusal(400, "invalid_fields", "Email and password are required"),
    );
  });

  test("a session that is logged out is dead wherever its cookie is", async () => {
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

  test("a session that expired is no session", async () => {
    const { client } = await site.signedUp();
    await site.db("company_sessions").update({
      expires_at: "2020-01-01 00:00:00",
    });
    expect(await client.get("/api/session")).toMatchObject(
      refusal(401, "not_authenticated", "Not authenticated"),
    );
  });

  test("a used session lives on, to its absolute end", async () => {
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

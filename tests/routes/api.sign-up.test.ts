import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client, refusal } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { openSite, type Site } from "../support/site.ts";

describe.each(engines)("the JSON API's signing up on %s", (engine) => {
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

  test("an account made with composed letters can be opened with decomposed ones", async () => {
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

  test("a sign-up sent again because its answer was lost opens the account", async () => {
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

  test("if the session cannot begin no account is made, and the same form makes it later", async () => {
    const fields = aCompany();
    const form = () =>
      new Client(site.url).fetch("/signup", { method: "POST", body: new URLSearchParams(fields) });
    const ofIt = () => site.db("companies").where({ email: fields.email! });
    const before = await site.db("audit_events").select("id");
    await site.db.schema.renameTable("company_sessions", "company_sessions_away");
    try {
      expect((await new Client(site.url).post("/api/signup", fields)).status).toBe(500);
      const page = await form();
      expect(page.status).toBe(500);
      const html = await page.text();
      expect(html).toContain("Something went wrong on our side.");
      expect(html).toContain(`value="${fields.email}"`);
      expect(await ofIt()).toEqual([]);
      expect(await site.db("audit_events").select("id")).toEqual(before);
    } finally {
      await site.db.schema.renameTable("company_sessions_away", "company_sessions");
    }
    const made = await form();
    expect([made.status, made.headers.get("Location")]).toEqual([302, "/dashboard/choose-number"]);
    expect(made.headers.getSetCookie()).toContainEqual(expect.stringMatching(/^session=/));
    expect(await ofIt()).toHaveLength(1);
    // Whoever was signed in as somebody else is so no longer.
    const { client, id } = await site.signedUp();
    await client.signUp();
    expect(await site.db("company_sessions").where({ company_id: id })).toEqual([]);
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
});

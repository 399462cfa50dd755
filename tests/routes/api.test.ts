import { createCookie } from "@remix-run/node";
import { connect } from "node:net";
import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { assignmentsInBothTables, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

describe.each(engines)("the JSON API on %s", (engine) => {
  let url: string;
  let db: Knex;
  let free = 0;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    url = (await startServer({ databaseUrl: database.url })).url;
  });

  /** A number that nobody has yet, in the pool. */
  async function freshNumber(): Promise<string> {
    const [number] = someNumbers(1, free++) as [string];
    await addToPool(db, [number]);
    return number;
  }

  async function signedUp(): Promise<Client> {
    const client = new Client(url);
    await client.signUp();
    return client;
  }

  const refusal = (status: number, code: string, error: string) => ({
    status,
    body: { success: false, error, code },
  });

  describe("signing up, in and out", () => {
    test("a new company is signed in, and its email kept in lower case", async () => {
      const client = new Client(url);
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
      const answer = await new Client(url).post("/api/signup", body);
      expect(answer.status).toBe(400);
      expect(Object.keys(answer.body.fields as object).sort()).toEqual(fields.sort());
      for (const message of Object.values(answer.body.fields as object)) {
        expect(message).toMatch(/^[A-Z][^\n]+[.?]$/);
      }
    });

    test("an email with NUL in it is nobody's, and refused at sign-up", async () => {
      const client = new Client(url);
      const email = "ann\u0000@example.com";
      expect(await client.post("/api/login", { email, password: "evening" })).toMatchObject(
        refusal(401, "not_authenticated", "Email or password is incorrect"),
      );
      expect((await client.post("/api/signup", { ...aCompany(), email })).status).toBe(400);
    });

    test("who signs up with composed letters logs in with decomposed ones", async () => {
      const [email, password] = ["zoë@exämple.ie", "Grüße, Béal an Átha"];
      await new Client(url).signUp({ email: email.normalize("NFC"), password });
      const decomposed = { email: email.normalize("NFD"), password: password.normalize("NFD") };
      expect((await new Client(url).post("/api/login", decomposed)).status).toBe(200);
    });

    test("255 characters and passwords of 8 and 256 are accepted whole", async () => {
      const client = new Client(url);
      const fields = { ...aCompany(), company_name: "é".repeat(255) };
      await client.signUp({ ...fields, password: "ünïcödé8" });
      const long = "p".repeat(255);
      const other = { ...aCompany(), password: `${long}!` };
      await client.signUp(other);
      expect((await client.post("/api/login", { ...other, password: `${long}?` })).status).toBe(
        401,
      );
      expect((await client.post("/api/login", other)).status).toBe(200);
    });

    test("an email that is taken is a 409, in any case", async () => {
      const fields = aCompany();
      await new Client(url).signUp(fields);
      for (const email of [fields.email, fields.email?.toUpperCase()]) {
        const answer = await new Client(url).post("/api/signup", {
          ...fields,
          email,
        });
        expect(answer).toMatchObject(
          refusal(409, "email_taken", "An account with this email address already exists"),
        );
      }
    });

    test("two sign-ups with one email at once make one company", async () => {
      const fields = aCompany();
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => new Client(url).post("/api/signup", fields)),
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
      const client = new Client(url);
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
      const stale = new Client(url, { Cookie: `session=${old}` });
      expect((await stale.get("/api/session")).status).toBe(401);
    });

    test("a cookie that an earlier version signed still opens its session, and logging out ends it", async () => {
      const client = new Client(url);
      await client.signUp();
      const plain = createCookie("session");
      const id: unknown = await plain.parse(`session=${client.cookies.get("session")}`);
      expect(id).toMatch(/^[\w-]{43}$/);
      const signed = await createCookie("session", {
        secrets: ["a secret that nobody has any more"],
      }).serialize(id);
      const earlier = new Client(url, { Cookie: signed.split(";")[0] ?? "" });
      expect(signed).toMatch(/^session=[^;.]+\.[^;]+;/);
      expect((await earlier.get("/api/session")).status).toBe(200);
      expect((await earlier.post("/api/logout", {})).status).toBe(200);
      expect((await client.get("/api/session")).status).toBe(401);
    });

    test("a wrong password and an unknown email get the same answer", async () => {
      const fields = aCompany();
      await new Client(url).signUp(fields);
      const client = new Client(url);
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
      expect(await new Client(url).post("/api/login", body)).toMatchObject(
        refusal(400, "invalid_fields", "Email and password are required"),
      );
    });

    test("a session that is logged out is dead wherever its cookie is", async () => {
      const client = await signedUp();
      const copy = new Client(url);
      for (const [name, value] of client.cookies) copy.cookies.set(name, value);
      expect(await client.post("/api/logout", {})).toMatchObject({
        status: 200,
        body: { success: true },
      });
      expect((await copy.get("/api/session")).status).toBe(401);
      expect((await client.get("/api/session")).status).toBe(401);
    });

    test("logging out needs no body and no session", async () => {
      const response = await new Client(url).fetch("/api/logout", {
        method: "POST",
      });
      expect(response.status).toBe(200);
    });

    test("a session that expired is no session", async () => {
      const client = await signedUp();
      await db("company_sessions").update({
        expires_at: "2020-01-01 00:00:00",
      });
      expect(await client.get("/api/session")).toMatchObject(
        refusal(401, "not_authenticated", "Not authenticated"),
      );
    });

    test("a used session lives on, to its absolute end", async () => {
      const client = await signedUp();
      const { company } = (await client.get("/api/session")).body as {
        company: { id: number };
      };
      const own = () => db("company_sessions").where({ company_id: company.id });
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
      const client = new Client(url, { Cookie: `session=${value}` });
      expect(await client.get("/api/session")).toMatchObject(
        refusal(401, "not_authenticated", "Not authenticated"),
      );
    });

    test("what is stored opens no account: the id is hashed, the password Argon2id", async () => {
      const client = await signedUp();
      const value = decodeURIComponent(client.cookies.get("session") ?? "");
      const id = JSON.parse(Buffer.from(value.split(".")[0] ?? "", "base64").toString()) as string;
      expect(id).toMatch(/^[\w-]{43}$/);
      const sessions = JSON.stringify(await db("company_sessions").select());
      expect(sessions).not.toContain(id);
      const { password_hash } = await db("companies")
        .orderBy("id", "desc")
        .first<{ password_hash: string }>();
      expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    });
  });

  describe("numbers", () => {
    test("the whole way: list, choose, see it", async () => {
      const number = await freshNumber();
      const client = await signedUp();
      expect(await client.get("/api/phone-numbers/current")).toMatchObject({
        status: 200,
        body: { success: true, phone_number: null, has_phone: false },
      });
      const list = await client.get("/api/phone-numbers/available?limit=1000");
      expect(list.status).toBe(200);
      expect(list.body).toMatchObject({ success: true, next_cursor: null });
      expect(list.body.numbers).toContainEqual({
        phone_number: number,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      });
      const chosen = await client.post("/api/phone-numbers/assign", {
        phone_number: number,
      });
      expect(chosen.status).toBe(200);
      expect(chosen.body).toEqual({
        success: true,
        message: "Phone number assigned successfully",
        phone_number: number,
      });
      expect((await client.get("/api/phone-numbers/current")).body).toEqual({
        success: true,
        phone_number: number,
        has_phone: true,
      });
      expect((await client.get("/api/session")).body).toMatchObject({
        company: { twilio_phone_number: number },
      });
      const after = await client.get("/api/phone-numbers/available?limit=1000");
      expect(JSON.stringify(after.body)).not.toContain(number);
    });

    test("a company that has one gets no other, and is told the one it has", async () => {
      const client = await signedUp();
      const choose = async (phone_number: string) => {
        const { status, body } = await client.post("/api/phone-numbers/assign", { phone_number });
        return { status, body };
      };
      const number = await freshNumber();
      await choose(number);
      const refused = {
        status: 400,
        body: {
          success: false,
          error: "Company already has a phone number",
          code: "company_already_has_phone_number",
          phone_number: number,
        },
      };
      // Its own too: whoever was cut off sees that the first request succeeded.
      for (const asked of [number, await freshNumber(), "+353869999999"]) {
        expect(await choose(asked)).toEqual(refused);
      }
    });

    test("of one request that is sent five times at once, one is answered 200 and the others the number", async () => {
      const number = await freshNumber();
      const client = await signedUp();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () =>
          client.post("/api/phone-numbers/assign", { phone_number: number }),
        ),
      );
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        200, 400, 400, 400, 400,
      ]);
      expect(new Set(answers.map(({ body }) => body.phone_number))).toEqual(new Set([number]));
    });

    test("an unknown, a taken and a malformed number are not available", async () => {
      const number = await freshNumber();
      await (await signedUp()).post("/api/phone-numbers/assign", { phone_number: number });
      const client = await signedUp();
      for (const phone_number of [
        number,
        "+353869999999",
        "+abc",
        "0861234567",
        "+",
        "\u0000",
        "x".repeat(5_000),
        "'; drop table companies; --",
      ]) {
        expect(await client.post("/api/phone-numbers/assign", { phone_number })).toMatchObject(
          refusal(400, "phone_number_not_available", "Phone number not available"),
        );
      }
    });

    test("a number may be typed with spaces", async () => {
      const number = await freshNumber();
      const client = await signedUp();
      const typed = `${number.slice(0, 4)} (${number.slice(4, 6)}) ${number.slice(6, 9)}-${number.slice(9)}`;
      expect(await client.post("/api/phone-numbers/assign", { phone_number: typed })).toMatchObject(
        { status: 200, body: { phone_number: number } },
      );
    });

    test.each([
      {},
      { phone_number: "" },
      { phone_number: " " },
      { phone_number: 353 },
      { phone_number: null },
      { phone_number: ["+353861234567"] },
    ])("%j names no number", async (body) => {
      const client = await signedUp();
      expect(await client.post("/api/phone-numbers/assign", body)).toMatchObject(
        refusal(400, "phone_number_required", "Phone number is required"),
      );
    });

    test("company_id in a body is ignored", async () => {
      const victim = await signedUp();
      const { company } = (await victim.get("/api/session")).body as {
        company: { id: number };
      };
      const number = await freshNumber();
      const client = await signedUp();
      await client.post("/api/phone-numbers/assign", {
        phone_number: number,
        company_id: company.id,
      });
      expect((await victim.get("/api/phone-numbers/current")).body).toMatchObject({
        has_phone: false,
      });
      expect((await client.get("/api/phone-numbers/current")).body).toMatchObject({
        phone_number: number,
      });
    });

    test("20 companies race over HTTP for one number: one has it, in both tables", async () => {
      const number = await freshNumber();
      const clients = await Promise.all(Array.from({ length: 20 }, () => signedUp()));
      const answers = await Promise.all(
        clients.map((client) => client.post("/api/phone-numbers/assign", { phone_number: number })),
      );
      expect(answers.map(({ status }) => String(status)).sort()).toEqual([
        "200",
        ...Array.from({ length: 19 }, () => "400"),
      ]);
      const { pool, companies } = await assignmentsInBothTables(db);
      expect(pool).toEqual(companies);
      expect(pool.filter(([, one]) => one === number)).toHaveLength(1);
    });

    test("pages by cursor, and searches", async () => {
      await addToPool(db, ["+442079460001", "+442079460002", "+442079460003"]);
      const client = await signedUp();
      const path = "/api/phone-numbers/available?country=GB&limit=2";
      const first = await client.get(path);
      expect(first.body.numbers).toHaveLength(2);
      const second = await client.get(`${path}&cursor=${String(first.body.next_cursor)}`);
      expect(second.body).toMatchObject({
        numbers: [{ phone_number: "+442079460003" }],
        next_cursor: null,
      });
      const found = await client.get("/api/phone-numbers/available?contains=20%207946%200002");
      expect(found.body.numbers).toMatchObject([{ phone_number: "+442079460002" }]);
    });

    test.each([
      ["limit=0", "limit must be a whole number from 1 to 1000."],
      ["limit=1001", "limit must be a whole number from 1 to 1000."],
      ["limit=ten", "limit must be a whole number from 1 to 1000."],
      ["cursor=garbage", "cursor is not valid"],
      ["country=Ireland", "country is not valid"],
      ["contains=abc", "contains must be digits."],
      ["contains=%C2%B9", "contains must be digits."],
      ["contains=1%00", "contains must be digits."],
      [
        `cursor=${Buffer.from('["2024-02-30 00:00:00",1]').toString("base64url")}`,
        "cursor is not valid",
      ],
    ])("?%s is refused", async (query, error) => {
      const client = await signedUp();
      expect(await client.get(`/api/phone-numbers/available?${query}`)).toMatchObject(
        refusal(400, "invalid_query", error),
      );
    });

    test("a superscript assigns no number, and marks that nobody sees are dropped", async () => {
      const client = await signedUp();
      await addToPool(db, ["+4930123456789"]);
      expect(
        await client.post("/api/phone-numbers/assign", { phone_number: "+49 30 12345678⁹" }),
      ).toMatchObject(refusal(400, "phone_number_not_available", "Phone number not available"));
      expect(
        await client.post("/api/phone-numbers/assign", {
          phone_number: "tel:\u202A(+49)\u200B30−1234 56٧٨٩\u202C",
        }),
      ).toMatchObject({ status: 200, body: { phone_number: "+4930123456789" } });
    });

    test("empty query values are as if they were not there", async () => {
      const client = await signedUp();
      const answer = await client.get(
        "/api/phone-numbers/available?limit=&cursor=&contains=&country=",
      );
      expect(answer.status).toBe(200);
    });
  });

  describe("the protocol", () => {
    const paths: [path: string, method: "GET" | "POST"][] = [
      ["/api/phone-numbers/available", "GET"],
      ["/api/phone-numbers/current", "GET"],
      ["/api/session", "GET"],
      ["/api/phone-numbers/assign", "POST"],
    ];

    test.each(paths)("%s needs a session", async (path, method) => {
      const client = new Client(url);
      const answer = method === "GET" ? await client.get(path) : await client.post(path, {});
      expect(answer).toMatchObject(refusal(401, "not_authenticated", "Not authenticated"));
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    });

    test.each([
      ...paths,
      ["/api/signup", "POST"] as const,
      ["/api/login", "POST"] as const,
      ["/api/logout", "POST"] as const,
    ])("%s has no other method than %s", async (path, method) => {
      const allow = method === "GET" ? "GET, HEAD" : "POST";
      for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        if (other === method) continue;
        const response = await new Client(url).fetch(path, {
          method: other,
          ...(other !== "GET" && {
            body: "{}",
            headers: { "Content-Type": "application/json" },
          }),
        });
        expect(response.status).toBe(405);
        expect(response.headers.get("Allow")).toBe(allow);
        expect(await response.json()).toMatchObject({ success: false });
      }
    });

    test.each(["/api", "/api/", "/api/nothing", "/api/phone-numbers", "/api/session/1"])(
      "%s is a JSON 404",
      async (path) => {
        expect(await new Client(url).get(path)).toMatchObject(
          refusal(404, "not_found", "Not found"),
        );
        expect(await new Client(url).post(path, {})).toMatchObject(
          refusal(404, "not_found", "Not found"),
        );
      },
    );

    test.each(["{", "", "nonsense", "[]", '"text"', "null", "\u00ff\u00fe"])(
      "the body %j is no JSON object",
      async (body) => {
        const answer = await new Client(url).post("/api/login", body);
        expect(answer.status).toBe(400);
        expect(answer.body.error).toMatch(/JSON/);
      },
    );

    test.each([
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonp",
    ])("a body of type %s is a 415", async (type) => {
      const response = await new Client(url).fetch("/api/login", {
        method: "POST",
        headers: { "Content-Type": type },
        body: "email=a&password=b",
      });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ success: false });
    });

    test("a body may have 16 KiB, and not a byte more", async () => {
      const client = new Client(url);
      const bodyOf = (size: number) => {
        const frame = JSON.stringify({ email: "", password: "x" });
        return JSON.stringify({
          email: "e".repeat(size - frame.length),
          password: "x",
        });
      };
      expect((await client.post("/api/login", bodyOf(16_384))).status).toBe(401);
      expect((await client.post("/api/login", bodyOf(16_385))).status).toBe(413);
    });

    test("a chunked body is refused when it passes the limit, before its end", async () => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      let answer = "";
      socket.setEncoding("utf8").on("data", (text) => (answer += String(text)));
      socket.write(
        "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
      for (let i = 0; i < 5; i++) socket.write(chunk);
      await new Promise((resolve) => socket.once("close", resolve));
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toMatch(/connection: close/i);
      expect(answer).toContain('"success":false');
    });

    test("deep JSON and odd keys are data like any other", async () => {
      const deep = `{"email":${"[".repeat(5_000)}${"]".repeat(5_000)},"password":"x"}`;
      expect((await new Client(url).post("/api/login", deep)).status).toBe(400);
      expect(
        (await new Client(url).post("/api/signup", '{"__proto__":{"email":"x"},"constructor":1}'))
          .status,
      ).toBe(400);
    });

    test("HEAD answers as GET does, without the body", async () => {
      const client = await signedUp();
      const response = await client.fetch("/api/session", { method: "HEAD" });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("");
    });

    test("another site's page is refused, a program without browser headers is not", async () => {
      const client = await signedUp();
      const attempts: [Record<string, string>, number][] = [
        [{ "Sec-Fetch-Site": "cross-site" }, 403],
        [{ "Sec-Fetch-Site": "same-site" }, 403],
        [{ Origin: "https://evil.example" }, 403],
        [{ Origin: "null" }, 403],
        [{ Origin: "not an origin" }, 403],
        [{ Origin: "https://evil.example", "Sec-Fetch-Site": "none" }, 200],
        [{ "Sec-Fetch-Site": "same-origin" }, 200],
        [{ Origin: url }, 200],
      ];
      for (const [headers, status] of attempts) {
        const response = await client.fetch("/api/logout", {
          method: "POST",
          headers: { ...headers, "Content-Type": "application/json" },
          body: "{}",
        });
        expect([headers, response.status]).toEqual([headers, status]);
        expect(await response.json()).toMatchObject({
          success: status === 200,
        });
      }
    });
  });
});

import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { logLines, requestLine } from "../support/processes.ts";
import { companyWithToken } from "../support/programs.ts";
import { startServer, type AppServer } from "../support/server.ts";

describe.each(engines)("Idempotency-Key on %s", (engine) => {
  let server: AppServer;
  let db: Knex;
  let made = 0;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    server = await startServer({ databaseUrl: database.url });
  });

  async function freshNumber(): Promise<string> {
    const [number] = someNumbers(1, made++) as [string];
    await addToPool(db, [number]);
    return number;
  }

  const company = () => companyWithToken(server.url, db);

  /** Asks for a number with a key; the answer's bytes are `text`. */
  async function assign(client: Client, key: string, body: unknown, path = "assign") {
    const response = await client.fetch(`/api/phone-numbers/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      code: (JSON.parse(text) as { code?: string }).code,
      replayed: response.headers.get("Idempotent-Replayed"),
      type: response.headers.get("Content-Type"),
      requestId: response.headers.get("X-Request-Id"),
    };
  }

  test("a repeat gets the first answer byte for byte, and says so", async () => {
    const { program, id } = await company();
    const number = await freshNumber();
    const first = await assign(program, "k", { phone_number: number });
    expect(first).toMatchObject({ status: 200, replayed: null });
    const second = await assign(program, "k", { phone_number: number });
    expect(second).toEqual({ ...first, replayed: "true", requestId: expect.any(String) as string });
    expect(second.requestId).not.toBe(first.requestId);
    // Without the key, or with another, it is another request.
    const other = await assign(program, "k2", { phone_number: number });
    expect(other).toMatchObject({ status: 400, code: "company_already_has_phone_number" });
    expect((await assign(program, "k2", { phone_number: number })).text).toBe(other.text);

    await requestLine(server, String(second.requestId));
    const events = logLines(server).filter((line) => line.event && line.companyId === id);
    expect(events.map(({ outcome }) => outcome)).toEqual(["assigned", "already-has-number"]);
  });

  test("a session's requests have keys too, and a company's keys are its own", async () => {
    const [one, other] = [await company(), await company()];
    const number = await freshNumber();
    expect((await assign(one.owner, "mine", { phone_number: number })).status).toBe(200);
    expect(await assign(one.program, "mine", { phone_number: number })).toMatchObject({
      status: 200,
      replayed: "true",
    });
    expect(await assign(other.program, "mine", { phone_number: number })).toMatchObject({
      status: 400,
      code: "phone_number_not_available",
      replayed: null,
    });
  });

  test("the same key with another body is a 422, whatever that body is", async () => {
    const { program } = await company();
    const number = await freshNumber();
    await assign(program, "k", { phone_number: number });
    for (const body of [{ phone_number: await freshNumber() }, {}, { first_available: true }]) {
      expect(await assign(program, "k", body)).toMatchObject({
        status: 422,
        code: "idempotency_key_reused",
        replayed: null,
      });
    }
  });

  test("a number that was not available stays so for the key", async () => {
    const { program } = await company();
    const [number] = someNumbers(1, made++) as [string];
    const first = await assign(program, "k", { phone_number: number });
    expect(first).toMatchObject({ status: 400, code: "phone_number_not_available" });
    await addToPool(db, [number]);
    expect(await assign(program, "k", { phone_number: number })).toMatchObject({
      text: first.text,
      replayed: "true",
    });
    expect((await assign(program, "k2", { phone_number: number })).status).toBe(200);
  });

  test("answers that do not come from the rule are not stored: the key is free again", async () => {
    const { program, owner } = await company();
    const number = await freshNumber();
    const headers = { "Idempotency-Key": "k" };
    expect(await assign(program, "k", {})).toMatchObject({ code: "phone_number_required" });
    expect(await assign(program, "k", "[1]")).toMatchObject({ code: "invalid_json" });
    expect(await assign(new Client(server.url), "k", {})).toMatchObject({ status: 401 });
    const form = { method: "POST", body: "phone_number=1", headers };
    expect((await program.fetch("/api/phone-numbers/assign", form)).status).toBe(415);
    const elsewhere = new Client(server.url, { ...owner.headers, Origin: "https://evil.example" });
    expect(await assign(elsewhere, "k", { phone_number: number })).toMatchObject({ status: 403 });
    expect(await assign(program, "k", { phone_number: number })).toMatchObject({
      status: 200,
      replayed: null,
    });
  });

  test.each([
    ["no characters", ""],
    ["256 characters", "k".repeat(256)],
    ["10,000 characters", "k".repeat(10_000)],
    ["a space in it", "a b"],
    ["letters beyond ASCII", "caf\u00e9"],
  ])("a key of %s is a clear 400", async (_name, key) => {
    const { program } = await company();
    const answer = await assign(program, key, { phone_number: await freshNumber() });
    expect(answer).toMatchObject({ status: 400, code: "invalid_fields" });
    expect(answer.text).toContain("Idempotency-Key must have 1 to 255 letters");
    const current = await program.get("/api/phone-numbers/current");
    expect(current.body.has_phone).toBe(false);
  });

  test("a key may have 255 visible characters of any kind", async () => {
    for (const key of [
      "k".repeat(255),
      `"8e03978e-40d5-43e8-bc93-6894a57f9324"`,
      "a/b;c=d,%00'--",
    ]) {
      const { program } = await company();
      const number = await freshNumber();
      expect((await assign(program, key, { phone_number: number })).status).toBe(200);
      expect((await assign(program, key, { phone_number: number })).replayed).toBe("true");
    }
  });

  test("twenty at once run once, and all get one answer", async () => {
    const { program } = await company();
    const number = await freshNumber();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => assign(program, "k", { phone_number: number })),
    );
    const settled = answers.filter(({ code }) => code !== "in_progress");
    expect(new Set(settled.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(settled.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(settled[0]!.status).toBe(200);
  });

  test("first_available takes one number for one key, however often it is sent", async () => {
    const { program } = await company();
    await freshNumber();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => assign(program, "k", { first_available: true })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]!.status).toBe(200);
  });

  test("signing up, signing in and out, and tokens ignore it: their answers hold secrets", async () => {
    const fields = aCompany();
    const client = new Client(server.url, { "Idempotency-Key": "a b" });
    expect((await client.post("/api/signup", fields)).status).toBe(201);
    for (let i = 0; i < 2; i++) expect((await client.post("/api/login", fields)).status).toBe(200);
    const token = { name: "x", scopes: ["numbers:read"] };
    const made = [await client.post("/api/tokens", token), await client.post("/api/tokens", token)];
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect(made[0]!.body).not.toEqual(made[1]!.body);
    for (let i = 0; i < 2; i++) expect((await client.post("/api/logout", {})).status).toBe(200);
    expect(JSON.stringify(await db("idempotency_keys"))).not.toContain("cpn_");
  });
});

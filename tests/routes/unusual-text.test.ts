import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

// PostgreSQL's text has no NUL and no half characters, and its times and whole numbers are limited.
const unkept = ["\0", "ann\0@example.com", "+353861234567\0", "\uD800", "9".repeat(30)];
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const cursors = [
  ...["2024-02-30 00:00:00", "0000-01-01 00:00:00", "\0"].map((at) => base64url([at, 1])),
  base64url([1e300, 1]),
  base64url([1, 2, 3, 4]),
  base64url(["2024-01-01 00:00:00", 2, 3, 1, 15]),
  base64url(["2024-01-01 00:00:00", Number.MAX_SAFE_INTEGER]),
  Buffer.from(`2024-02-30 00:00:00 CA${"0".repeat(32)}`).toString("base64url"),
];
const texts = [...unkept, ...cursors];

describe.each(engines)("text that the database cannot keep, on %s", (engine) => {
  let client: Client;
  let url: string;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    await addToPool(openDatabase(database.url), ["+353861234567"]);
    // No visitor must be told to wait before a text has reached the database.
    const mail = { SMTP_URL: "smtp://127.0.0.1:9", MAIL_FROM: "numbers@example.com" };
    const env = { RATE_LIMITS: "off", ...mail };
    url = (await startServer({ databaseUrl: database.url, env })).url;
    client = new Client(url);
    await client.signUp();
  });

  /**
   * One after another, so that each reaches the database and none is turned away because of the
   * others.
   */
  async function expectNoFault<T>(
    inputs: readonly T[],
    send: (input: T) => Promise<{ status: number }>,
  ): Promise<void> {
    for (const input of inputs) {
      const { status } = await send(input);
      expect(status, JSON.stringify(input)).toBeLessThan(500);
      expect(status, JSON.stringify(input)).not.toBe(429);
    }
  }

  test.each([
    "/api/phone-numbers/available?cursor=",
    "/api/phone-numbers/available?contains=",
    "/api/phone-numbers/available?country=",
    "/api/phone-numbers/available?limit=",
    "/dashboard/choose-number?search=",
    "/dashboard/choose-number?show=",
    "/calls?cursor=",
    "/calls?outcome=",
    "/calls.csv?outcome=",
    "/login?redirectTo=",
    "/",
  ])("in the address after %s causes no fault", async (path) => {
    await expectNoFault(texts, (text) => client.fetch(path + encodeURIComponent(whole(text))));
  });

  test.each([
    ["/login", {}, ["email", "password"]],
    ["/signup", {}, ["company_name", "owner_name", "phone", "email", "password"]],
    ["/dashboard/choose-number", {}, ["phone_number"]],
    ["/settings/calls", { mode: "phone" }, ["greeting", "mode", "phone", "ring_seconds"]],
    ["/settings/calls", { mode: "sip" }, ["sip_address"]],
    ["/settings/calls", { mode: "stream" }, ["stream_url", "take_message"]],
    ["/settings/calls/mail", {}, ["remove"]],
    ["/settings/security", {}, ["batch"]],
    ["/settings/security/sessions", {}, ["session"]],
  ])("in a form for %s %o causes no fault", async (path, rest, fields) => {
    const forms = texts.flatMap((text) =>
      fields.map((field) => ({ ...aCompany(), ring_seconds: "20", ...rest, [field]: text })),
    );
    await expectNoFault(forms, (form) =>
      client.fetch(path, { method: "POST", body: new URLSearchParams(form) }),
    );
  });

  test.each([
    ["/api/login", ["email", "password"]],
    ["/api/signup", ["company_name", "owner_name", "phone", "email", "password"]],
    ["/api/phone-numbers/assign", ["phone_number"]],
  ])("in the JSON for %s causes no fault", async (path, fields) => {
    const bodies = texts.flatMap((text) =>
      fields.map((field) => ({ ...aCompany(), [field]: text })),
    );
    await expectNoFault(bodies, (body) => client.post(path, body));
  });

  test("in a cookie causes no fault", async () => {
    for (const text of unkept) {
      const device = Buffer.from(JSON.stringify({ device: text, proof: text })).toString("base64");
      const session = Buffer.from(JSON.stringify(text)).toString("base64");
      const stranger = new Client(url, { Cookie: `device=${device}; session=${session}` });
      expect((await stranger.get("/api/session")).status).toBe(401);
      const { email, password } = aCompany();
      expect((await stranger.post("/api/login", { email, password })).status).toBe(401);
    }
  });
});

test("a company's name cannot change the direction of the text around it, and keeps its joiners", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const client = new Client((await startServer({ databaseUrl: url })).url);
  const company_name = "می\u200Cخواهم 👩\u200D💻";
  const { body } = await client.signUp({ company_name: `\u200F${company_name}` });
  expect(body.company).toMatchObject({ company_name });
  const dashboard = await (await client.fetch("/dashboard")).text();
  expect(dashboard).toContain(`<bdi>${company_name}</bdi>`);
});

/** Replaces half characters, which have no percent-encoding. */
function whole(text: string): string {
  return Buffer.from(text).toString();
}

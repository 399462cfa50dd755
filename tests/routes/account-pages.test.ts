import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { listSessions } from "#app/domain/own-sessions.server.ts";
import { beginSession } from "#app/domain/sessions.server.ts";
import { freezeCompany } from "#app/domain/closed-companies.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

const password = "a long quiet evening";
const support = "help@numbers.example.com";

interface Page {
  status: number;
  location: string | null;
  cache: string | null;
  html: string;
  text: string;
}

async function pageOf(response: Response): Promise<Page> {
  const html = await response.text();
  const text = html
    .replaceAll(/<script.*?<\/script>|<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&#x27;", "'")
    .replaceAll(/\s+/g, " ");
  const header = (name: string) => response.headers.get(name);
  const [location, cache] = [header("Location"), header("Cache-Control")];
  return { status: response.status, location, cache, html, text };
}

const get = async (client: Client, path: string) => pageOf(await client.fetch(path));
const post = async (client: Client, path: string, form: Record<string, string>) =>
  pageOf(await client.fetch(path, { method: "POST", body: new URLSearchParams(form) }));

/** The values of a page's fields. */
const fieldsOf = ({ html }: Page) =>
  Object.fromEntries(
    [...html.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      value!.replaceAll("&amp;", "&"),
    ]),
  );

const chosenZone = ({ html }: Page) => /<option selected="">([^<]+)/.exec(html)?.[1];

describe.each(engines)("Settings → Account and Security on %s", (engine) => {
  let url: string;
  let db: Knex;
  let used = 0;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    const env = { SUPPORT_EMAIL: support };
    url = (await startServer({ databaseUrl: database.url, env })).url;
  });

  interface Owner {
    client: Client;
    id: number;
    email: string;
    number: string;
  }

  async function owner(more: Record<string, unknown> = {}): Promise<Owner> {
    const client = new Client(url, {
      "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    });
    const { email = "" } = aCompany();
    const { company } = (await client.signUp({ email, ...more })).body as {
      company: { id: number };
    };
    const [number] = someNumbers(1, used++) as [string];
    await addToPool(db, [number]);
    await assignPhoneNumber(db, company.id, number);
    return { client, id: company.id, email, number };
  }

  const companyRow = (id: number) => db("companies").where({ id }).first();
  const signInAgain = async (email: string, secret = password) => {
    const client = new Client(url);
    const { status, body } = await client.post("/api/login", { email, password: secret });
    return { client, status, body };
  };
  const isSignedIn = async (client: Client) => (await client.get("/api/session")).status === 200;

  test.each([
    "/settings/account",
    "/settings/account/close",
    "/settings/account/export",
    "/settings/security",
    "/settings/security/password",
    "/settings/security/sessions",
  ])("%s is the company's alone, and kept by no cache", async (path) => {
    const { location } = await get(new Client(url), path);
    expect(location).toBe(`/login?redirectTo=${encodeURIComponent(path)}`);
    const { client } = await owner();
    const page = await get(client, path);
    expect(page.status).toBe(200);
    expect(page.cache).toMatch(/^no-store/);
    if (!path.endsWith("export")) expect(page.html).toContain('content="noindex"');
  });

  describe("the account", () => {
    test("shows what is kept, saves what is changed, and says so once", async () => {
      const { client, id } = await owner({ phone: "+353863334444", time_zone: "Asia/Tokyo" });
      const page = await get(client, "/settings/account");
      expect(fieldsOf(page)).toMatchObject({
        company_name: "Ring & Sons",
        owner_name: "Ann Ring",
        phone: "+353 86 333 4444",
      });
      expect(chosenZone(page)).toBe("Asia/Tokyo");
      const form = {
        company_name: " Ring & Daughters ",
        owner_name: "Bea Ring",
        phone: "",
        time_zone: "Europe/Paris",
      };
      const saved = await post(client, "/settings/account", form);
      expect([saved.status, saved.location]).toEqual([302, "/settings/account"]);
      expect(await companyRow(id)).toMatchObject({
        company_name: "Ring & Daughters",
        owner_name: "Bea Ring",
        phone: null,
      });
      const told = await get(client, "/settings/account");
      expect(told.text).toContain("Saved.");
      expect(chosenZone(told)).toBe("Europe/Paris");
      expect((await get(client, "/settings/account")).text).not.toContain("Saved.");
      const [event] = await db("audit_events").where({ company_id: id, event: "account-changed" });
      expect(JSON.parse(event?.details ?? "")).toEqual({
        fields: "company_name, owner_name, phone, time_zone",
      });
    });

    test("tells all that is wrong at once, keeps what was typed, and changes nothing", async () => {
      const { client, id } = await owner();
      const before = await companyRow(id);
      const form = {
        company_name: " ",
        owner_name: "<b>Bea</b>",
        phone: "086 1",
        time_zone: "Mars",
      };
      const page = await post(client, "/settings/account", form);
      expect(page.status).toBe(400);
      expect(page.html).toContain("<title>Error: Account");
      for (const field of ["company_name", "phone", "time_zone"]) {
        expect(page.html).toContain(`<a href="#${field}">`);
      }
      expect(page.html).toContain('value="&lt;b&gt;Bea&lt;/b&gt;"');
      expect(await companyRow(id)).toEqual(before);
    });

    test("a phone that an older program kept as it was typed stays where it is left alone", async () => {
      const { client, id } = await owner();
      await db("companies").where({ id }).update({ phone: "ask for Ann" });
      const form = { company_name: "Acme", owner_name: "Ann", time_zone: "UTC" };
      expect(
        (await post(client, "/settings/account", { ...form, phone: "ask for Ann" })).status,
      ).toBe(302);
      expect(await companyRow(id)).toMatchObject({ company_name: "Acme", phone: "ask for Ann" });
      expect(
        (await post(client, "/settings/account", { ...form, phone: "ask for Bea" })).status,
      ).toBe(400);
    });

    test("a form names no other company", async () => {
      const [ann, bea] = [await owner(), await owner()];
      const before = await companyRow(bea.id);
      const form = { company_name: "Taken", owner_name: "Taken", time_zone: "UTC" };
      const foreign = {
        id: String(bea.id),
        company_id: String(bea.id),
        form_owner: String(bea.id),
        email: bea.email,
      };
      await post(ann.client, "/settings/account", { ...form, ...foreign });
      expect(await companyRow(bea.id)).toEqual(before);
      expect(await companyRow(ann.id)).toMatchObject({ company_name: "Taken", email: ann.email });
    });

    test("what was typed after the session had ended is there after log-in", async () => {
      const { client, id, email } = await owner();
      const form = { company_name: "Typed", owner_name: "Ann", phone: "", time_zone: "Asia/Tokyo" };
      await db("company_sessions").where({ company_id: id }).delete();
      const refused = await post(client, "/settings/account", { ...form, form_owner: String(id) });
      expect(refused.location).toContain("signed-out=1");
      await client.post("/api/login", { email, password });
      const page = await get(client, "/settings/account");
      expect(page.text).toContain("It is not saved yet.");
      expect(fieldsOf(page)).toMatchObject({ company_name: "Typed" });
      expect(chosenZone(page)).toBe("Asia/Tokyo");
    });
  });

  describe("the password", () => {
    const page = "/settings/security/password";

    test("changes for whoever knows the old one; other sessions end, this one stays", async () => {
      const { client, id, email } = await owner();
      const { client: other } = await signInAgain(email);
      const bystander = await owner();
      const form = { current_password: password, password: "ａ quite different one" };
      const changed = await post(client, page, form);
      expect(changed.location).toBe("/settings/security");
      expect((await get(client, "/settings/security")).text).toContain("Your password is changed");
      expect(await isSignedIn(other)).toBe(false);
      expect(await isSignedIn(client)).toBe(true);
      expect(await isSignedIn(bystander.client)).toBe(true);
      expect((await signInAgain(email)).status).toBe(401);
      expect((await signInAgain(email, "a quite different one")).status).toBe(200);
      const events = await db("audit_events").where({ company_id: id }).pluck("event");
      expect(events).toContain("password-changed");
    });

    test.each([
      [{ password: "another long evening" }, "current_password", "Enter your present password."],
      [
        { current_password: "wrong", password: "another long evening" },
        "current_password",
        "That is not your password.",
      ],
      [{ current_password: password }, "password", "Enter a password."],
      [{ current_password: password, password: "short" }, "password", "Use 8 characters or more."],
      [{ current_password: password, password: "Ring &  sons" }, "password", "easy to guess"],
      [{ current_password: password, password: "x".repeat(257) }, "password", "256 characters"],
    ])("%j is refused at %s: %s", async (form, field, message) => {
      const { client, id } = await owner();
      const before = await companyRow(id);
      const answer = await post(client, page, form as Record<string, string>);
      expect(answer.status).toBe(400);
      expect(answer.html).toContain(`<a href="#${field}">`);
      expect(answer.text).toContain(message);
      expect(answer.html).not.toContain(password);
      expect(await companyRow(id)).toEqual(before);
    });
  });

  describe("sessions", () => {
    const page = "/settings/security/sessions";

    test("each is shown with its device, address and times; one ends, or all others", async () => {
      const { client, id, email } = await owner({ time_zone: "Asia/Tokyo" });
      const { client: other } = await signInAgain(email);
      const { client: third } = await signInAgain(email);
      const shown = await get(client, page);
      expect(shown.text).toMatch(/Firefox on Linux This browser Address (::1|127\.0\.0\.1)/);
      expect(shown.text).toMatch(/Signed in \d+ \w+ \d{4}, \d\d:\d\d GMT\+9/);
      expect(shown.html.match(/name="session"/g)).toHaveLength(2);

      const [{ ref } = { ref: "" }] = await listSessions(db, id);
      const foreign = await owner();
      await post(foreign.client, page, { session: ref });
      await post(foreign.client, page, { session: ref, company_id: String(id) });
      await post(foreign.client, `${page}/others`, { end: "others", company_id: String(id) });
      const open = async () => Promise.all([client, other, third, foreign.client].map(isSignedIn));
      expect(await open()).toEqual([true, true, true, true]);

      const refs = [...shown.html.matchAll(/name="session"[^>]*value="([0-9a-f]+)"/g)].map(
        ([, one]) => one!,
      );
      expect((await post(client, page, { session: refs[0]! })).location).toBe(page);
      expect((await get(client, page)).text).toContain("The session is ended.");
      expect((await open()).filter(Boolean)).toHaveLength(3);
      expect((await post(client, `${page}/others`, { end: "others" })).location).toBe(page);
      expect((await get(client, page)).text).toContain("All other sessions are ended.");
      expect(await open()).toEqual([true, false, false, true]);
    });

    test("one that is ended while its page is open is asked to log in, and ends nothing", async () => {
      const { client, id, email } = await owner();
      const { client: other } = await signInAgain(email);
      const [{ ref } = { ref: "" }] = await listSessions(db, id);
      await db("company_sessions").where({ company_id: id }).delete();
      const kept = await beginSession(db, id);
      expect((await post(client, page, { session: ref })).location).toContain("/login?");
      expect((await post(other, `${page}/others`, { end: "others" })).location).toContain(
        "/login?",
      );
      expect(await listSessions(db, id, kept)).toMatchObject([{ own: true }]);
    });

    test("a browser may call itself anything", async () => {
      const { client, email } = await owner();
      const odd = new Client(url, { "User-Agent": "<script>alert(1)</script>" });
      await odd.post("/api/login", { email, password });
      const { html } = await get(client, page);
      expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
      expect(html).not.toContain("<script>alert");
    });
  });

  test("recent events are the company's own, and name no operator's address", async () => {
    const [ann, bea] = [await owner(), await owner()];
    await signInAgain(ann.email, "somebody's guess");
    const { text } = await get(ann.client, "/settings/security");
    expect(text).toContain("A sign-in was refused");
    expect(text).toContain("Signed up");
    expect(text).toMatch(/The phone number was assigned [^,]+, [^,]+, by the service/);
    expect((await get(bea.client, "/settings/security")).text).not.toContain("refused");
  });

  test("a frozen account is out at once, and who knows the password is told whom to write to", async () => {
    const { client, id, email } = await owner();
    await freezeCompany(db, id, { actor: "operator" });
    expect(await isSignedIn(client)).toBe(false);
    const words = `This account is closed for now. Write to ${support}`;
    expect(await signInAgain(email)).toMatchObject({ status: 403, body: { error: words } });
    const page = await post(new Client(url), "/login", { email, password });
    expect([page.status, page.text.includes(`${words}.`)]).toEqual([403, true]);
    const guessed = await post(new Client(url), "/login", { email, password: "a guess" });
    expect([guessed.status, guessed.text.includes("closed")]).toEqual([400, false]);
  });

  describe("one's own data", () => {
    test("is one JSON document of all that is kept, without what opens anything", async () => {
      const { client, id, email, number } = await owner({ phone: "+353863334444" });
      await post(client, "/settings/security", { password });
      const call = {
        call_sid: `CA${"a".repeat(32)}`,
        from_number: "+353871112222",
        to_number: number,
        company_id: id,
        twilio_status: "completed",
        recording_absent: false,
        started_at: "2026-11-22 10:00:00",
      };
      const stranger = { ...call, call_sid: `CA${"b".repeat(32)}`, from_number: "+353870000000" };
      await db("calls").insert([call, { ...stranger, company_id: await insertCompany(db) }]);
      const answer = await client.fetch("/settings/account/export");
      expect(answer.headers.get("Content-Disposition")).toMatch(/^attachment; filename="account-/);
      const text = await answer.text();
      expect(JSON.parse(text)).toMatchObject({
        exported_at: expect.stringMatching(/Z$/) as string,
        company: { id, email, company_name: "Ring & Sons", password_hash: "(kept, and not shown)" },
        phone_number: { phone_number: number, assigned_at: expect.stringMatching(/Z$/) as string },
        company_sessions: [{ user_agent: expect.stringContaining("Firefox") as string }],
        recovery_codes: Array.from({ length: 10 }, () => ({ spent_at: null })),
        calls: [
          { call_sid: call.call_sid, from: "+353871112222", started_at: "2026-11-22T10:00:00Z" },
        ],
      });
      const [session] = await db("company_sessions").where({ company_id: id });
      const [code] = await db("recovery_codes").where({ company_id: id });
      const row = await companyRow(id);
      for (const secret of [
        session?.id_hash,
        code?.code_hash,
        row?.password_hash,
        "+353870000000",
      ]) {
        expect(text).not.toContain(secret);
      }
      const events = await db("audit_events").where({ company_id: id }).pluck("event");
      expect(events).toContain("account-exported");
    });
  });

  describe("closing the account", () => {
    test("says what happens, and asks for the password", async () => {
      const { client, id, number } = await owner();
      const page = await get(client, "/settings/account/close");
      expect(page.text).toContain("Nobody can undo this.");
      expect(page.text.replaceAll(" ", "")).toContain(number);
      const wrong = await post(client, "/settings/account/close", { password: "not mine" });
      expect([wrong.status, wrong.text.includes("That is not your password.")]).toEqual([
        400,
        true,
      ]);
      expect(await db("closed_companies").where({ company_id: id })).toEqual([]);
    });

    test("erases, signs out everywhere, says so once, and lets the email sign up again", async () => {
      const { client, id, email, number } = await owner();
      const bystander = await owner();
      const { client: other } = await signInAgain(email);
      const closed = await post(client, "/settings/account/close", {
        password,
        company_id: String(bystander.id),
      });
      expect(closed.location).toBe("/");
      expect((await get(client, "/")).text).toContain("Your account is closed");
      expect((await get(client, "/")).text).not.toContain("Your account is closed");
      expect(await Promise.all([client, other].map(isSignedIn))).toEqual([false, false]);
      expect(await isSignedIn(bystander.client)).toBe(true);
      expect(await companyRow(id)).toMatchObject({
        email: `erased-${id}@invalid`,
        twilio_phone_number: number,
      });
      expect((await signInAgain(email)).status).toBe(401);
      expect((await new Client(url).signUp({ email })).status).toBe(201);
    });
  });
});

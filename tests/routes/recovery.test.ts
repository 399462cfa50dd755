import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { exchange, until } from "../support/load.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { startServer, type AppServer } from "../support/server.ts";

/** Sends a form as a browser without JavaScript does. */
async function sendForm(client: Client, path: string, fields: Record<string, string>) {
  const response = await client.fetch(path, {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  const location = response.headers.get("Location") ?? undefined;
  return {
    status: response.status,
    location,
    headers: response.headers,
    text: await response.text(),
  };
}

const codePattern = /<code>((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})<\/code>/g;
const newPassword = "a short loud morning";

async function page(client: Client, path: string) {
  const response = await client.fetch(path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Makes an owner's recovery codes in Settings. */
async function makeCodes(client: Client, password: string) {
  const { text } = await page(client, "/settings/security");
  const batch = /name="batch" value="([^"]*)"/.exec(text)?.[1] ?? "none";
  const answer = await sendForm(client, "/settings/security", { batch, password });
  return { answer, batch, codes: [...answer.text.matchAll(codePattern)].map(([, code]) => code!) };
}

describe("without a mail server", () => {
  let server: AppServer;
  let db: Knex;
  beforeAll(async () => {
    const { url } = await createMigratedDatabase("sqlite");
    db = openDatabase(url);
    await fillPool(db, 20);
    server = await startServer({ databaseUrl: url, env: { METRICS_TOKEN: "0123456789abcdef" } });
  });

  test("an owner who has lost password and phone gets back in with a code", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const elsewhere = new Client(server.url);
    await elsewhere.post("/api/login", fields);
    const { answer, codes } = await makeCodes(owner, fields.password!);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Control")).toContain("no-store");
    expect(codes).toHaveLength(10);
    expect((await page(owner, "/settings/security")).text).not.toContain(codes[0]!);

    const browser = new Client(server.url);
    expect((await page(browser, "/login")).text).toContain('href="/forgot"');
    const { status, location } = await sendForm(browser, "/forgot", {
      email: fields.email!,
      code: codes[3]!.toLowerCase(),
    });
    expect(status).toBe(302);
    expect(location).toMatch(/^\/reset\/[\w-]{43}$/);
    const form = await page(browser, location!);
    expect(form.status).toBe(200);
    expect(form.headers.get("Referrer-Policy")).toBe("strict-origin");
    expect(form.headers.get("Cache-Control")).toContain("no-store");
    const easy = await sendForm(browser, location!, { password: "password" });
    expect([easy.status, easy.text]).toEqual([400, expect.stringContaining("easy to guess")]);
    const done = await sendForm(browser, location!, { password: newPassword });
    expect([done.status, done.location]).toEqual([302, "/login"]);
    const login = await page(browser, "/login");
    expect(login.text).toContain("Your password was changed.");
    expect((await page(browser, "/login")).text).not.toContain("Your password was changed.");
    for (const signedIn of [owner, elsewhere]) {
      expect((await signedIn.get("/api/session")).status).toBe(401);
    }
    const { email } = fields;
    expect((await browser.post("/api/login", fields)).status).toBe(401);
    expect((await browser.post("/api/login", { email, password: newPassword })).status).toBe(200);

    // Used and unknown links say the same, and change nothing.
    const stranger = new Client(server.url);
    const used = await sendForm(stranger, location!, { password: "yet another password" });
    const unknown = await sendForm(stranger, `/reset/${"x".repeat(43)}`, {
      password: "yet another",
    });
    expect([used.status, unknown.status]).toEqual([404, 404]);
    const told = (text: string) => /<main.*<\/main>/s.exec(text)?.[0];
    expect(told(used.text)).toContain("This link cannot be used");
    expect(told(unknown.text)).toBe(told(used.text));
    expect((await page(stranger, location!)).status).toBe(404);
    expect((await browser.post("/api/login", { email, password: newPassword })).status).toBe(200);

    const token = location!.slice("/reset/".length);
    const metrics = await browser.fetch("/metrics", {
      headers: { Authorization: "Bearer 0123456789abcdef" },
    });
    expect(await metrics.text()).toContain('route="/reset/:token"');
    await until("the log has it", () => server.output().includes("/reset/:token"));
    for (const secret of [token, codes[3]!, newPassword, fields.password!]) {
      expect(server.output()).not.toContain(secret);
    }
  });

  test("a reload of the codes makes no others, and a wrong password none", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const wrong = await sendForm(owner, "/settings/security", { batch: "", password: "wrong" });
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining("not your password")]);
    const { batch, codes } = await makeCodes(owner, fields.password!);
    const again = await sendForm(owner, "/settings/security", {
      batch,
      password: fields.password!,
    });
    expect([again.status, again.text]).toEqual([409, expect.stringContaining("made before")]);
    expect(again.text).not.toMatch(codePattern);
    const first = await sendForm(owner, "/forgot", { email: fields.email!, code: codes[0]! });
    expect(first.status).toBe(302);
    // A program that knows nothing of reloads.
    const bare = await sendForm(owner, "/settings/security", { password: fields.password! });
    expect([...bare.text.matchAll(codePattern)]).toHaveLength(10);
    const dead = await sendForm(owner, "/forgot", { email: fields.email!, code: codes[1]! });
    expect(dead.status).toBe(400);
    expect(dead.text).toContain(codes[1]!);
  });

  test("a session that ended while Security is open makes no codes, and says why", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const other = new Client(server.url);
    for (const [name, value] of owner.cookies) other.cookies.set(name, value);
    await other.post("/api/logout", {});
    const { status, location } = await sendForm(owner, "/settings/security", {
      batch: "",
      password: fields.password!,
    });
    expect(status).toBe(302);
    expect(location).toBe("/login?redirectTo=%2Fsettings%2Fsecurity&signed-out=1");
  });

  test("no page promises mail, and nothing is queued", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const pages = ["/forgot", "/dashboard", "/settings/email", "/settings/security", "/login"];
    for (const path of pages) {
      expect((await page(owner, path)).text.replace(/e?mail address/gi, "")).not.toMatch(
        /sen[dt] (a|the|it)|mailbox|confirm/i,
      );
    }
    const none = await sendForm(new Client(server.url), "/forgot", { email: fields.email! });
    expect([none.status, none.text]).toEqual([400, expect.stringContaining("recovery codes")]);
    const moved = `moved-${fields.email}`;
    const wrong = await sendForm(owner, "/settings/email", { email: moved, password: "wrong" });
    expect(wrong.status).toBe(400);
    const changed = await sendForm(owner, "/settings/email", {
      email: moved,
      password: fields.password!,
    });
    expect([changed.status, changed.location]).toEqual([302, "/settings/email"]);
    expect((await page(owner, "/settings/email")).text).toContain(moved);
    expect((await owner.post("/api/login", { ...fields, email: moved })).status).toBe(200);
    expect(await db("mail_queue")).toEqual([]);
  });
});

describe.each(engines)("with a mail server on %s", (engine) => {
  let server: AppServer;
  let db: Knex;
  let mail: MailServer;
  beforeAll(async () => {
    const { url } = await createMigratedDatabase(engine);
    db = openDatabase(url);
    await fillPool(db, 20);
    mail = await startMailServer();
    server = await startServer({
      databaseUrl: url,
      env: {
        SMTP_URL: mail.url,
        MAIL_FROM: "numbers@example.com",
        REQUIRE_VERIFIED_EMAIL: "on",
      },
    });
  });

  async function linkTo(address: string, kind: "reset" | "verify"): Promise<string> {
    const find = () =>
      mail.arrived
        .filter(({ to }) => to[0] === address)
        .flatMap(({ links }) => links)
        .findLast((link) => link.startsWith(`/${kind}/`));
    await until(`a ${kind} link for ${address}`, () => find() !== undefined);
    return find()!;
  }

  test("an email is verified before a number is assigned, never before looking", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const { body } = await owner.get("/api/phone-numbers/available");
    const [{ phone_number }] = body.numbers as [{ phone_number: string }];
    const refused = await owner.post("/api/phone-numbers/assign", { phone_number });
    expect(refused).toMatchObject({ status: 403, body: { code: "email_not_verified" } });
    const onPage = await sendForm(owner, "/dashboard/choose-number", { phone_number });
    expect([onPage.status, onPage.text]).toEqual([
      403,
      expect.stringContaining("Confirm your email address first"),
    ]);
    expect((await page(owner, "/dashboard")).text).toContain("have it sent again");

    const link = await linkTo(fields.email!, "verify");
    // A scanner follows the link before its reader does.
    for (let i = 0; i < 2; i++) expect((await page(new Client(server.url), link)).status).toBe(200);
    expect((await page(owner, "/dashboard")).text).toContain("have it sent again");
    const done = await sendForm(owner, link, { confirm: "yes" });
    expect([done.status, done.location]).toEqual([302, "/settings/email"]);
    expect((await page(owner, "/settings/email")).text).toContain("is confirmed");
    expect((await page(owner, "/dashboard")).text).not.toContain("have it sent again");
    expect((await sendForm(owner, link, { confirm: "yes" })).status).toBe(404);
    const assigned = await owner.post("/api/phone-numbers/assign", { phone_number });
    expect(assigned.status).toBe(200);
  });

  test("asking for a link answers alike for known and unknown, and the link sets a password once", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const browser = new Client(server.url);
    const known = await sendForm(browser, "/forgot", { email: ` ${fields.email!.toUpperCase()} ` });
    const unknown = await sendForm(browser, "/forgot", { email: `not-${fields.email}` });
    const seen = ({ status, location, text }: typeof known) => ({ status, location, text });
    expect(seen(known)).toEqual(seen(unknown));
    expect(known.location).toBe("/forgot?sent=yes");
    expect((await page(browser, known.location!)).text).toContain("If there is an account");

    const link = await linkTo(fields.email!, "reset");
    for (let i = 0; i < 3; i++) expect((await page(new Client(server.url), link)).status).toBe(200);
    const done = await sendForm(browser, link, { password: newPassword });
    expect(done.location).toBe("/login");
    expect((await owner.get("/api/session")).status).toBe(401);
    const { email } = fields;
    expect((await browser.post("/api/login", { email, password: newPassword })).status).toBe(200);
    expect((await sendForm(browser, link, { password: "yet another password" })).status).toBe(404);
    // The owner is told, and has proved to read the mail.
    await until("the owner is told", () =>
      mail.arrived.some(
        (one) => one.to[0] === email && one.header("Subject") === "Your password was changed",
      ),
    );
    expect((await page(browser, "/settings/email")).text).toContain("is confirmed");
    expect(mail.arrived.filter(({ to }) => to[0] === `not-${email}`)).toEqual([]);
  });

  test("another email is verified first, and is then the one to sign in with", async () => {
    const fields = aCompany();
    const other = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    await new Client(server.url).signUp(other);
    const first = await linkTo(fields.email!, "verify");
    const change = (email: string) =>
      sendForm(owner, "/settings/email", { email, password: fields.password! });
    expect((await change(other.email!)).status).toBe(409);
    expect((await change(fields.email!)).status).toBe(409);
    const next = `next-${fields.email}`;
    expect((await change(next)).location).toBe("/settings/email");
    expect((await page(owner, "/settings/email")).text).toContain(next);
    expect((await owner.post("/api/login", fields)).status).toBe(200);

    const link = await linkTo(next, "verify");
    const done = await sendForm(new Client(server.url), link, { confirm: "yes" });
    expect(done.location).toBe("/login");
    expect((await owner.post("/api/login", fields)).status).toBe(401);
    expect((await owner.post("/api/login", { ...fields, email: next })).status).toBe(200);
    await until("the old address is told", () =>
      mail.arrived.some(
        (one) =>
          one.to[0] === fields.email && one.header("Subject") === "Your email address was changed",
      ),
    );
    // A link to the address of before proves nothing any more.
    expect((await sendForm(owner, first, { confirm: "yes" })).status).toBe(404);
  });

  test("a mail server that hangs slows no page, and what waits arrives when it is back", async () => {
    mail.manners = "hangs";
    const fields = aCompany();
    await new Client(server.url).signUp(fields);
    await until("the sender hangs", () => mail.connections > 0);
    const took: number[] = [];
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now();
      const { status } = await exchange(`${server.url}/forgot`, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: `email=nobody${i}@example.com`,
      });
      took.push(performance.now() - startedAt);
      expect(status).toBe(302);
    }
    // The sender gives a server ten seconds.
    expect(Math.max(...took)).toBeLessThan(5_000);
    mail.manners = "takes";
    mail.hangUp();
    await until("the wait is over", async () => {
      await db("mail_queue").update({ next_try_at: "2026-01-01 00:00:00" });
      return mail.arrived.some(({ to }) => to[0] === fields.email);
    });
  });
});

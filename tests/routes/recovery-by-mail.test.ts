import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { exchange, until } from "../support/load.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { get, post, type Page } from "../support/pages.ts";
import { startServer, type AppServer } from "../support/server.ts";

const newPassword = "a short loud morning";

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

  test("an email must be verified before a number is assigned, but not before looking", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const { body } = await owner.get("/api/phone-numbers/available");
    const [{ phone_number }] = body.numbers as [{ phone_number: string }];
    const refused = await owner.post("/api/phone-numbers/assign", { phone_number });
    expect(refused).toMatchObject({ status: 403, body: { code: "email_not_verified" } });
    const onPage = await post(owner, "/dashboard/choose-number", { phone_number });
    expect([onPage.status, onPage.html]).toEqual([
      403,
      expect.stringContaining("Confirm your email address first"),
    ]);
    expect((await get(owner, "/dashboard")).html).toContain("have it sent again");

    const link = await linkTo(fields.email!, "verify");
    // A scanner follows the link before its reader does.
    for (let i = 0; i < 2; i++) expect((await get(new Client(server.url), link)).status).toBe(200);
    expect((await get(owner, "/dashboard")).html).toContain("have it sent again");
    const done = await post(owner, link, { confirm: "yes" });
    expect([done.status, done.location]).toEqual([302, "/settings/email"]);
    expect((await get(owner, "/settings/email")).html).toContain("is confirmed");
    expect((await get(owner, "/dashboard")).html).not.toContain("have it sent again");
    expect((await post(owner, link, { confirm: "yes" })).status).toBe(404);
    const assigned = await owner.post("/api/phone-numbers/assign", { phone_number });
    expect(assigned.status).toBe(200);
  });

  test("Settings sends the link again on request, and it is as good as the first", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const first = await linkTo(fields.email!, "verify");
    const asked = await post(owner, "/settings/email/link", { send: "link" });
    expect([asked.status, asked.location]).toEqual([302, "/settings/email"]);
    expect((await get(owner, asked.location!)).text).toContain("A mail with a link is on its way");
    await until("another link", async () => (await linkTo(fields.email!, "verify")) !== first);
    expect((await post(owner, first, { confirm: "yes" })).location).toBe("/settings/email");
    expect((await get(new Client(server.url), "/settings/email/link")).location).toContain(
      "/login?",
    );
  });

  test("asking for a link gets the same answer for known and unknown emails, and the link sets a password once", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const browser = new Client(server.url);
    const known = await post(browser, "/forgot", { email: ` ${fields.email!.toUpperCase()} ` });
    const unknown = await post(browser, "/forgot", { email: `not-${fields.email}` });
    const seen = ({ status, location, html }: Page) => ({ status, location, html });
    expect(seen(known)).toEqual(seen(unknown));
    expect(known.location).toBe("/forgot?sent=yes");
    expect((await get(browser, known.location!)).html).toContain("If there is an account");

    const link = await linkTo(fields.email!, "reset");
    for (let i = 0; i < 3; i++) expect((await get(new Client(server.url), link)).status).toBe(200);
    const done = await post(browser, link, { password: newPassword });
    expect(done.location).toBe("/login");
    expect((await owner.get("/api/session")).status).toBe(401);
    const { email } = fields;
    expect((await browser.post("/api/login", { email, password: newPassword })).status).toBe(200);
    expect((await post(browser, link, { password: "yet another password" })).status).toBe(404);
    // The owner is told, and the email is now verified.
    await until("the owner is told", () =>
      mail.arrived.some(
        (one) => one.to[0] === email && one.header("Subject") === "Your password was changed",
      ),
    );
    expect((await get(browser, "/settings/email")).html).toContain("is confirmed");
    expect(mail.arrived.filter(({ to }) => to[0] === `not-${email}`)).toEqual([]);
  });

  test("who knew the password keeps no way in once the owner says so, and the owner is told of codes", async () => {
    const fields = aCompany();
    const { email = "", password = "" } = fields;
    await new Client(server.url).signUp(fields);
    const thief = new Client(server.url);
    await thief.post("/api/login", { email, password });
    const { html } = await post(thief, "/settings/security", { password, batch: "" });
    const [, code = ""] = /<code>([^<]+)<\/code>/.exec(html) ?? [];
    const made = await thief.post("/api/tokens", { name: "Shell", scopes: ["calls:read"] });
    const { token } = (made.body as { token: { token: string } }).token;
    await until("the owner is told of the codes", () =>
      mail.arrived.some(
        (one) => one.to[0] === email && one.header("Subject") === "New recovery codes were made",
      ),
    );
    const byToken = () =>
      fetch(`${server.url}/api/session`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await byToken()).status).toBe(200);

    const owner = new Client(server.url);
    await post(owner, "/forgot", { email, code: "" });
    const link = await linkTo(email, "reset");
    await post(owner, link, { password: newPassword, end_access: "yes" });
    expect((await post(thief, "/forgot", { email, code })).status).toBe(400);
    expect((await byToken()).status).toBe(401);
    expect((await thief.get("/api/session")).status).toBe(401);
    expect((await owner.post("/api/login", { email, password: newPassword })).status).toBe(200);
  });

  test("another email is verified first, and is then the one to sign in with", async () => {
    const fields = aCompany();
    const other = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    await new Client(server.url).signUp(other);
    const first = await linkTo(fields.email!, "verify");
    const change = (email: string) =>
      post(owner, "/settings/email", { email, password: fields.password! });
    expect((await change(other.email!)).status).toBe(409);
    expect((await change(fields.email!)).status).toBe(409);
    const next = `next-${fields.email}`;
    expect((await change(next)).location).toBe("/settings/email");
    expect((await get(owner, "/settings/email")).html).toContain(next);
    expect((await owner.post("/api/login", fields)).status).toBe(200);

    const link = await linkTo(next, "verify");
    const done = await post(new Client(server.url), link, { confirm: "yes" });
    expect(done.location).toBe("/login");
    expect((await owner.post("/api/login", fields)).status).toBe(401);
    expect((await owner.post("/api/login", { ...fields, email: next })).status).toBe(200);
    await until("the old address is told", () =>
      mail.arrived.some(
        (one) =>
          one.to[0] === fields.email && one.header("Subject") === "Your email address was changed",
      ),
    );
    // A link to the previous address no longer proves anything.
    expect((await post(owner, first, { confirm: "yes" })).status).toBe(404);
  });

  test("a hanging mail server slows no page, and waiting mail arrives when it is back", async () => {
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
    // The sender waits ten seconds for a server.
    expect(Math.max(...took)).toBeLessThan(5_000);
    mail.manners = "takes";
    mail.hangUp();
    await until("the wait is over", async () => {
      await db("mail_queue").update({ next_try_at: "2026-01-01 00:00:00" });
      return mail.arrived.some(({ to }) => to[0] === fields.email);
    });
  });
});

import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { until } from "../support/load.ts";
import { get, post } from "../support/pages.ts";
import { startServer, type AppServer } from "../support/server.ts";

const codePattern = /<code>((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})<\/code>/g;
const newPassword = "a short loud morning";

/** Makes an owner's recovery codes in Settings. */
async function makeCodes(client: Client, password: string) {
  const { html } = await get(client, "/settings/security");
  const batch = /name="batch" value="([^"]*)"/.exec(html)?.[1] ?? "none";
  const answer = await post(client, "/settings/security", { batch, password });
  return { answer, batch, codes: [...answer.html.matchAll(codePattern)].map(([, code]) => code!) };
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
    expect((await get(owner, "/settings/security")).html).not.toContain(codes[0]!);

    const browser = new Client(server.url);
    expect((await get(browser, "/login")).html).toContain('href="/forgot"');
    const { status, location } = await post(browser, "/forgot", {
      email: fields.email!,
      code: codes[3]!.toLowerCase(),
    });
    expect(status).toBe(302);
    expect(location).toMatch(/^\/reset\/[\w-]{43}$/);
    const form = await get(browser, location!);
    expect(form.status).toBe(200);
    expect(form.headers.get("Referrer-Policy")).toBe("strict-origin");
    expect(form.headers.get("Cache-Control")).toContain("no-store");
    expect(form.text).toContain("Somebody else may know the old password");
    const easy = await post(browser, location!, { password: "password", end_access: "yes" });
    expect([easy.status, easy.html]).toEqual([400, expect.stringContaining("easy to guess")]);
    expect(easy.html).toMatch(/<input[^>]*name="end_access"[^>]*checked=""/);
    const done = await post(browser, location!, { password: newPassword });
    expect([done.status, done.location]).toEqual([302, "/login"]);
    const login = await get(browser, "/login");
    expect(login.html).toContain("Your password was changed.");
    expect((await get(browser, "/login")).html).not.toContain("Your password was changed.");
    for (const signedIn of [owner, elsewhere]) {
      expect((await signedIn.get("/api/session")).status).toBe(401);
    }
    const { email } = fields;
    expect((await browser.post("/api/login", fields)).status).toBe(401);
    expect((await browser.post("/api/login", { email, password: newPassword })).status).toBe(200);

    // Used and unknown links say the same, and change nothing.
    const stranger = new Client(server.url);
    const used = await post(stranger, location!, { password: "yet another password" });
    const unknown = await post(stranger, `/reset/${"x".repeat(43)}`, {
      password: "yet another",
    });
    expect([used.status, unknown.status]).toEqual([404, 404]);
    const told = (text: string) => /<main.*<\/main>/s.exec(text)?.[0];
    expect(told(used.html)).toContain("This link cannot be used");
    expect(told(unknown.html)).toBe(told(used.html));
    expect((await get(stranger, location!)).status).toBe(404);
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

  test("reloading the codes makes no others, and a wrong password makes none", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const wrong = await post(owner, "/settings/security", { batch: "", password: "wrong" });
    expect([wrong.status, wrong.html]).toEqual([400, expect.stringContaining("not your password")]);
    const { batch, codes } = await makeCodes(owner, fields.password!);
    const again = await post(owner, "/settings/security", {
      batch,
      password: fields.password!,
    });
    expect([again.status, again.html]).toEqual([409, expect.stringContaining("made before")]);
    expect(again.html).not.toMatch(codePattern);
    const first = await post(owner, "/forgot", { email: fields.email!, code: codes[0]! });
    expect(first.status).toBe(302);
    // A program that does not send the batch.
    const bare = await post(owner, "/settings/security", { password: fields.password! });
    expect([...bare.html.matchAll(codePattern)]).toHaveLength(10);
    const dead = await post(owner, "/forgot", { email: fields.email!, code: codes[1]! });
    expect(dead.status).toBe(400);
    expect(dead.html).toContain(codes[1]!);
  });

  test("a session that ended while Security is open makes no codes, and says why", async () => {
    const fields = aCompany();
    const owner = new Client(server.url);
    await owner.signUp(fields);
    const other = new Client(server.url);
    for (const [name, value] of owner.cookies) other.cookies.set(name, value);
    await other.post("/api/logout", {});
    const { status, location } = await post(owner, "/settings/security", {
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
      expect((await get(owner, path)).html.replace(/e?mail address/gi, "")).not.toMatch(
        /sen[dt] (a|the|it)|mailbox|confirm/i,
      );
    }
    const none = await post(new Client(server.url), "/forgot", { email: fields.email! });
    expect([none.status, none.html]).toEqual([400, expect.stringContaining("recovery codes")]);
    const moved = `moved-${fields.email}`;
    const wrong = await post(owner, "/settings/email", { email: moved, password: "wrong" });
    expect(wrong.status).toBe(400);
    const changed = await post(owner, "/settings/email", {
      email: moved,
      password: fields.password!,
    });
    expect([changed.status, changed.location]).toEqual([302, "/settings/email"]);
    expect((await get(owner, "/settings/email")).html).toContain(moved);
    expect((await owner.post("/api/login", { ...fields, email: moved })).status).toBe(200);
    expect(await db("mail_queue")).toEqual([]);
  });
});

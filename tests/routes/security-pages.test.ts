import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { listSessions } from "#app/domain/own-sessions.server.ts";
import { beginSession } from "#app/domain/sessions.server.ts";
import { freezeCompany } from "#app/domain/closed-companies.server.ts";
import { Client } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import {
  isSignedIn,
  openOwnersSite,
  password,
  support,
  type OwnersSite,
} from "../support/owners-site.ts";
import { get, post } from "../support/pages.ts";

describe.each(engines)("Settings → Security on %s", (engine) => {
  let url: string;
  let db: Knex;
  let owner: OwnersSite["owner"];
  let signInAgain: OwnersSite["signInAgain"];
  beforeAll(async () => {
    ({ url, db, owner, signInAgain } = await openOwnersSite(engine));
  });
  const companyRow = (id: number) => db("companies").where({ id }).first();

  describe("the password", () => {
    const page = "/settings/security/password";

    test("can be changed with the old one; other sessions end, this one stays", async () => {
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

    test("one that has been ended has to log in again, and can end nothing", async () => {
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

  test("a frozen account is signed out at once, and the right password shows whom to write to", async () => {
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
});

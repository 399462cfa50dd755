import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { insertCompany } from "../support/companies.ts";
import { engines } from "../support/databases.ts";
import { isSignedIn, openOwnersSite, password, type OwnersSite } from "../support/owners-site.ts";
import { fieldsOf, get, post, type Page } from "../support/pages.ts";

const chosenZone = ({ html }: Page) => /<option selected="">([^<]+)/.exec(html)?.[1];

describe.each(engines)("Settings → Account on %s", (engine) => {
  let url: string;
  let db: Knex;
  let owner: OwnersSite["owner"];
  let signInAgain: OwnersSite["signInAgain"];
  beforeAll(async () => {
    ({ url, db, owner, signInAgain } = await openOwnersSite(engine));
  });
  const companyRow = (id: number) => db("companies").where({ id }).first();

  test.each([
    "/settings/account",
    "/settings/account/close",
    "/settings/account/export",
    "/settings/security",
    "/settings/security/password",
    "/settings/security/sessions",
  ])("%s is only for the company, and never cached", async (path) => {
    const { location } = await get(new Client(url), path);
    expect(location).toBe(`/login?redirectTo=${encodeURIComponent(path)}`);
    const { client } = await owner();
    const page = await get(client, path);
    expect(page.status).toBe(200);
    expect(page.headers.get("Cache-Control")).toMatch(/^no-store/);
    if (!path.endsWith("export")) expect(page.html).toContain('content="noindex"');
  });

  describe("the account", () => {
    test("shows what is stored, saves changes, and says so once", async () => {
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

    test("lists everything wrong at once, keeps what was typed, and changes nothing", async () => {
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

    test("a phone that an older program stored as typed may stay as it is", async () => {
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

    test("a form cannot change another company", async () => {
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

  describe("the company's data", () => {
    test("is one JSON document of everything stored, without secrets", async () => {
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

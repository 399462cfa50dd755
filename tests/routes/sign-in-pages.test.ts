import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { get, post, textOf } from "../support/pages.ts";
import { openSite, type Site } from "../support/site.ts";

describe.each(engines)("the pages for signing up, in and out on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  test("password managers are told what to fill in at log-in", async () => {
    const { html } = await get(new Client(site.url), "/login");
    expect(html).toMatch(/<input id="email"[^>]*autoComplete="username"/i);
    expect(html).toMatch(/<input id="password"[^>]*autoComplete="current-password"/i);
  });

  describe("signing up", () => {
    test("makes an account, signs in and goes on to choosing a number", async () => {
      const client = new Client(site.url);
      const page = await post(client, "/signup", aCompany());
      expect([page.status, page.location]).toEqual([302, "/dashboard/choose-number"]);
      expect((await get(client, "/dashboard")).status).toBe(200);
    });

    test("an empty form names every required field", async () => {
      const page = await post(new Client(site.url), "/signup", {});
      expect(page.status).toBe(400);
      expect(page.title).toMatch(/^Error: Create an account/);
      const text = textOf(page);
      for (const [field, message] of [
        ["company_name", "Enter your company's name."],
        ["owner_name", "Enter your name."],
        ["email", "Enter an email address."],
        ["password", "Enter a password."],
      ]) {
        expect(page.html).toContain(`<a href="#${field}">`);
        expect(page.html).toMatch(
          new RegExp(
            `<input id="${field}"[^>]*aria-describedby="[^"]*${field}-error"[^>]*aria-invalid="true"`,
          ),
        );
        expect(text.split(message ?? "")).toHaveLength(3);
      }
      expect(page.html).not.toContain('id="phone-error"');
    });

    test("a refused form keeps what was typed, except the password", async () => {
      const page = await post(new Client(site.url), "/signup", {
        ...aCompany(),
        company_name: `<b>"Ring" & Sons</b>`,
        phone: "086 123",
        password: "a long quiet evening",
      });
      expect(page.status).toBe(400);
      expect(page.html).toContain('value="&lt;b&gt;&quot;Ring&quot; &amp; Sons&lt;/b&gt;"');
      expect(page.html).toContain('value="086 123"');
      expect(page.html).not.toContain("a long quiet evening");
      expect(textOf(page)).toContain(
        "Enter a phone number with its country code, like +353 86 123 4567.",
      );
    });

    test("an email address that has an account is told where to go", async () => {
      const fields = aCompany();
      await post(new Client(site.url), "/signup", fields);
      const page = await post(new Client(site.url), "/signup", {
        ...fields,
        email: ` ${fields.email?.toUpperCase()} `,
        password: "another quiet evening",
      });
      expect(page.status).toBe(409);
      expect(textOf(page)).toContain(
        "An account with this email address already exists. Log in instead.",
      );
      expect(page.html).toContain('href="/login">Log in instead.</a>');
    });

    test("a sign-up sent again because its answer was lost opens the account", async () => {
      const fields = aCompany();
      await post(new Client(site.url), "/signup", fields);
      const again = await new Client(site.url).fetch("/signup", {
        method: "POST",
        body: new URLSearchParams(fields),
      });
      expect([again.status, again.headers.get("Location")]).toEqual([
        302,
        "/dashboard/choose-number",
      ]);
      expect(again.headers.getSetCookie().join()).toContain("session=");
    });
  });

  describe("logging in", () => {
    test("an unknown email and a wrong password get the same page", async () => {
      const fields = aCompany();
      await post(new Client(site.url), "/signup", fields);
      const tell = async (email: string) => {
        const page = await post(new Client(site.url), "/login", {
          email,
          password: "not the password",
        });
        expect(page.html).not.toContain("not the password");
        return {
          status: page.status,
          title: page.title,
          text: textOf(page),
          length: page.html.replaceAll(email, "").length,
        };
      };
      const known = await tell(fields.email ?? "");
      expect(known.status).toBe(400);
      expect(known.title).toMatch(/^Error: Log in/);
      expect(known.text).toContain("Email or password is incorrect.");
      expect(await tell("nobody@example.com")).toEqual(known);
    });

    test("missing fields are distinguished from wrong ones", async () => {
      const page = await post(new Client(site.url), "/login", { email: " " });
      expect(page.status).toBe(400);
      expect(textOf(page)).toContain("Enter your email address.");
      expect(textOf(page)).toContain("Enter your password.");
    });

    test("leads back to the requested page, even after a mistake", async () => {
      const { email = "", ...fields } = aCompany();
      await post(new Client(site.url), "/signup", { ...fields, email });
      const target = "/settings/phone?notice=x";
      const client = new Client(site.url);
      const asked = await get(client, `/login?redirectTo=${encodeURIComponent(target)}`);
      const field = `<input type="hidden" name="redirectTo" value="${target}"/>`;
      expect(asked.html).toContain(field);
      const form = { email, redirectTo: target };
      const wrong = await post(client, "/login", { ...form, password: "x" });
      expect(wrong.html).toContain(field);
      const right = await post(client, "/login", {
        ...form,
        password: fields.password ?? "",
      });
      expect([right.status, right.location]).toEqual([302, target]);
    });

    test.each([
      "//evil.example",
      "/\\evil.example",
      "https://evil.example/",
      "javascript:alert(1)",
      "/\t/evil.example",
      "\n//evil.example",
      "/..//evil.example",
      "evil.example",
      "/%5cevil.example/..//evil.example",
    ])("never leads to another site: %j", async (redirectTo) => {
      const { email = "", password = "", ...fields } = aCompany();
      const client = new Client(site.url);
      await post(client, "/signup", { email, password, ...fields });
      const hostile = encodeURIComponent(redirectTo);
      const visited = await get(client, `/login?redirectTo=${hostile}`);
      const signedOut = new Client(site.url);
      const shown = await get(signedOut, `/login?redirectTo=${hostile}`);
      expect(shown.html).not.toContain('"https://evil');
      const sent = await post(signedOut, "/login", {
        email,
        password,
        redirectTo,
      });
      for (const { location } of [visited, sent]) {
        const { origin, pathname } = new URL(location ?? "", site.url);
        expect([origin, pathname.startsWith("//")]).toEqual([site.url, false]);
      }
    });
  });

  describe("logging out", () => {
    test("ends the session wherever its cookie is", async () => {
      const { client } = await site.signedUp();
      const copy = new Client(site.url);
      for (const [name, value] of client.cookies) copy.cookies.set(name, value);
      const page = await post(client, "/logout", {});
      expect([page.status, page.location]).toEqual([302, "/"]);
      expect((await get(copy, "/dashboard")).location).toMatch(/^\/login/);
    });

    test("takes a POST: a link to it does nothing but show the button", async () => {
      const { client } = await site.signedUp();
      const page = await get(client, "/logout");
      expect(page.status).toBe(200);
      expect(page.html).toMatch(/<form method="post" action="\/logout".*Log out<\/button>/);
      expect((await get(client, "/dashboard")).status).toBe(200);
      expect((await get(new Client(site.url), "/logout")).location).toBe("/");
    });
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { someNumbers } from "../support/companies.ts";
import { startServer } from "../support/server.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { get, pageOf, post, textOf } from "../support/pages.ts";
import { openSite, type Site } from "../support/site.ts";

const privatePages = [
  "/dashboard",
  "/dashboard/choose-number",
  "/settings",
  "/settings/phone",
  "/settings/phone/choose",
];

describe.each(engines)("the pages on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  describe("who may see what", () => {
    test.each(["/", "/login", "/signup"])("%s is for anybody, and never cached", async (path) => {
      const page = await get(new Client(site.url), path);
      expect(page.status).toBe(200);
      expect(page.headers.get("Cache-Control")).toBe("no-store");
      expect(page.html).not.toContain("noindex");
    });

    test.each(["/", "/login", "/signup"])(
      "%s sends a signed-in company to its dashboard",
      async (path) => {
        const { client } = await site.signedUp();
        const page = await get(client, path);
        expect([page.status, page.location]).toEqual([302, "/dashboard"]);
      },
    );

    test.each(privatePages)("%s asks a stranger to log in and come back", async (path) => {
      const back = `/login?redirectTo=${encodeURIComponent(path)}`;
      const page = await get(new Client(site.url), path);
      expect([page.status, page.location]).toEqual([302, back]);
      const data = await get(new Client(site.url), `${path}.data`);
      expect(data.html).toContain(JSON.stringify(back));
      expect(data.html).not.toContain("phone_number");
    });

    test.each(privatePages)("%s is never cached and in no search engine", async (path) => {
      await site.freshNumbers(1);
      const { client } = await site.signedUp();
      const page = await get(client, path);
      expect(page.status).toBe(200);
      expect(page.headers.get("Cache-Control")).toBe("no-store");
      expect(page.html).toContain('<meta name="robots" content="noindex"/>');
      const data = await get(client, `${path}.data`);
      expect(data.status).toBe(200);
      expect(data.headers.get("Cache-Control")).toBe("no-store");
    });

    test("robots.txt leaves out what is private", async () => {
      const { html, status } = await get(new Client(site.url), "/robots.txt");
      expect(status).toBe(200);
      for (const path of ["/dashboard", "/settings", "/api/", "/twilio/"]) {
        expect(html).toContain(`Disallow: ${path}\n`);
      }
    });

    test("there is an icon", async () => {
      const { headers, status } = await get(new Client(site.url), "/favicon.svg");
      expect([status, headers.get("Content-Type")]).toEqual([200, "image/svg+xml"]);
    });
  });

  describe("seeing the number", () => {
    test("the dashboard and the settings show it and since when", async () => {
      const [number = ""] = await site.freshNumbers(1);
      const { client } = await site.signedUp();
      const empty = textOf(await get(client, "/dashboard"));
      expect(empty).toContain("You don't have a number yet");
      expect(empty).toContain("Configure Phone");
      expect(empty).not.toContain("is your number");
      await post(client, "/dashboard/choose-number", { phone_number: number });
      const shown = /\+353 86 \d{3} \d{4}/;
      expect(textOf(await get(client, "/dashboard"))).toContain("is your number.");
      const dashboard = textOf(await get(client, "/dashboard"));
      expect(dashboard).toMatch(shown);
      const { assigned_at } = (await site
        .db("twilio_phone_numbers")
        .where({ phone_number: number })
        .first("assigned_at"))!;
      // The database's clock says when, whatever the server's does.
      const since = new Intl.DateTimeFormat("en-GB", {
        dateStyle: "long",
        timeZone: "Europe/Dublin",
      }).format(new Date(`${assigned_at}Z`));
      expect(dashboard).toContain(`Yours since ${since}`);
      expect(dashboard).not.toContain("is your number.");
      const settings = await get(client, "/settings/phone");
      expect(textOf(settings)).toMatch(shown);
      expect(textOf(settings)).toContain(`Assigned ${since}. Permanent.`);
      expect(settings.html.slice(settings.html.indexOf("<main"))).not.toContain("<input");
      expect(settings.html).not.toContain("Configure Phone");
      expect(textOf(settings)).not.toContain("demo");
    });

    test("the dashboard and the settings say that a demo number takes no calls", async () => {
      const number = "+442079460018";
      await addToPool(site.db, [number]);
      const { client } = await site.signedUp();
      await post(client, "/dashboard/choose-number", { phone_number: number });
      for (const path of ["/dashboard", "/settings/phone"]) {
        const text = textOf(await get(client, path));
        expect(text).toContain("demo numbers take no calls");
        expect(text).not.toContain("to test it");
      }
    });
  });

  describe("what goes wrong", () => {
    test("an unknown page is a 404 with a way back", async () => {
      for (const answer of [
        get(new Client(site.url), "/nowhere/at/all"),
        post(new Client(site.url), "/nowhere", {}),
      ]) {
        const page = await answer;
        expect(page.status).toBe(404);
        expect(page.title).toMatch(/^Page not found/);
        expect(page.html).toContain('href="/">Go to the start page</a>');
      }
    });

    test("a form that is too large is a 413 and says so", async () => {
      const page = await post(new Client(site.url), "/signup", {
        ...aCompany(),
        company_name: "x".repeat(20_000),
      });
      expect(page.status).toBe(413);
      expect(textOf(page)).toContain("What you sent is too large");
    });

    test("a form that cannot be read is a 400 and says so", async () => {
      const page = await pageOf(
        new Client(site.url).fetch("/login", {
          method: "POST",
          body: "{}",
          headers: { "Content-Type": "application/json" },
        }),
      );
      expect(page.status).toBe(400);
      expect(textOf(page)).toContain("The form could not be read");
    });
  });
});

describe("pages under limits and faults", () => {
  test("too many guesses are a 429 that says so in the form", async () => {
    const database = await createMigratedDatabase("sqlite");
    const { url } = await startServer({
      databaseUrl: database.url,
      env: { RATE_LIMITS: "on" },
    });
    const client = new Client(url);
    const guess = () =>
      post(client, "/login", {
        email: "ann@example.com",
        password: "wrong password",
      });
    let page = await guess();
    for (let i = 0; page.status === 400 && i < 50; i++) page = await guess();
    expect(page.status).toBe(429);
    expect(Number(page.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(page.title).toMatch(/^Error: Log in/);
    expect(textOf(page)).toMatch(/Too many attempts\. Try again in .* minutes/);
    expect(page.html).toContain('value="ann@example.com"');
  });

  test("if the database takes no writes, nobody loses what they typed, and nothing is half done", async () => {
    const database = await createMigratedDatabase("sqlite");
    const db = openDatabase(database.url);
    const [number = ""] = someNumbers(1);
    await addToPool(db, [number]);
    const { url } = await startServer({ databaseUrl: database.url });
    const client = new Client(url);
    await client.signUp();
    const other = new Client(url);
    const fields = aCompany();

    const writer = openDatabase(database.url);
    await writer.raw("begin immediate");
    const path = "/dashboard/choose-number";
    const document = await post(client, path, { phone_number: number });
    expect(document.status).toBe(503);
    expect(document.headers.get("Retry-After")).toBe("2");
    expect(textOf(document)).toContain(
      "We couldn't assign a number. Nothing was changed. Try again.",
    );
    expect(document.html).toContain(`href="${path}">Try again</a>`);
    expect(textOf(document)).toContain(document.headers.get("X-Request-Id") ?? "no request id");
    const script = await post(client, `${path}.data`, {
      phone_number: number,
      answer: "data",
    });
    expect(script.status).toBe(503);
    expect(script.html).toContain("Nothing was changed");

    const signUp = await post(other, "/signup", fields);
    expect(signUp.status).toBe(503);
    expect(textOf(signUp)).toContain(
      "The service is not available right now. Try again in a moment.",
    );
    expect(signUp.html).toContain(`value="${fields.email}"`);

    await writer.raw("rollback");
    const again = await post(client, path, { phone_number: number });
    expect(again.location).toBe("/dashboard");
    expect((await post(other, "/signup", fields)).status).toBe(302);
  });
});

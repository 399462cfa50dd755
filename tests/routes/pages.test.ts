import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { assignmentsInBothTables, insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

interface Page {
  status: number;
  location: string | null;
  headers: Headers;
  html: string;
  title: string | undefined;
}

async function pageOf(answer: Promise<Response>): Promise<Page> {
  const { status, headers, ...response } = await answer.then(async (r) => ({
    status: r.status,
    headers: r.headers,
    html: await r.text(),
  }));
  return {
    ...response,
    status,
    headers,
    location: headers.get("Location"),
    title: /<title>(.*?)<\/title>/.exec(response.html)?.[1],
  };
}

const get = (client: Client, path: string) => pageOf(client.fetch(path));

const post = (client: Client, path: string, form: Record<string, string>) =>
  pageOf(client.fetch(path, { method: "POST", body: new URLSearchParams(form) }));

/** What a page says, without its markup. */
const textOf = ({ html }: Page) =>
  html
    .replaceAll(/<script.*?<\/script>|<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ (?=[.,])/g, "");

const offered = ({ html }: Page) =>
  [...html.matchAll(/name="phone_number"[^>]*value="([^"]+)"/g)].map(([, number]) => number);

/** The values of the radios that are selected to begin with. */
const checked = ({ html }: Page) =>
  [...html.matchAll(/<input type="radio"[^>]*>/g)]
    .filter(([radio]) => radio.includes("checked"))
    .map(([radio]) => /value="([^"]*)"/.exec(radio)?.[1]);

const privatePages = [
  "/dashboard",
  "/dashboard/choose-number",
  "/settings",
  "/settings/phone",
  "/settings/phone/choose",
];

describe.each(engines)("the pages on %s", (engine) => {
  let url: string;
  let db: Knex;
  let free = 0;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    url = (await startServer({ databaseUrl: database.url })).url;
  });

  /** Numbers that nobody has yet, in the pool. */
  async function freshNumbers(count: number): Promise<string[]> {
    const numbers = someNumbers(count, free);
    free += count;
    await addToPool(db, numbers);
    return numbers;
  }

  async function signedUp(): Promise<{ client: Client; id: number }> {
    const client = new Client(url);
    const { company } = (await client.signUp()).body as {
      company: { id: number };
    };
    return { client, id: company.id };
  }

  describe("who may see what", () => {
    test.each(["/", "/login", "/signup"])(
      "%s is for anybody, and is not kept by caches",
      async (path) => {
        const page = await get(new Client(url), path);
        expect(page.status).toBe(200);
        expect(page.headers.get("Cache-Control")).toBe("no-store");
        expect(page.html).not.toContain("noindex");
      },
    );

    test.each(["/", "/login", "/signup"])(
      "%s sends a company that is signed in to its dashboard",
      async (path) => {
        const { client } = await signedUp();
        const page = await get(client, path);
        expect([page.status, page.location]).toEqual([302, "/dashboard"]);
      },
    );

    test.each(privatePages)("%s asks a stranger to log in and come back", async (path) => {
      const back = `/login?redirectTo=${encodeURIComponent(path)}`;
      const page = await get(new Client(url), path);
      expect([page.status, page.location]).toEqual([302, back]);
      const data = await get(new Client(url), `${path}.data`);
      expect(data.html).toContain(JSON.stringify(back));
      expect(data.html).not.toContain("phone_number");
    });

    test.each(privatePages)("%s is kept by no cache and no search engine", async (path) => {
      await freshNumbers(1);
      const { client } = await signedUp();
      const page = await get(client, path);
      expect(page.status).toBe(200);
      expect(page.headers.get("Cache-Control")).toBe("no-store");
      expect(page.html).toContain('<meta name="robots" content="noindex"/>');
      const data = await get(client, `${path}.data`);
      expect(data.status).toBe(200);
      expect(data.headers.get("Cache-Control")).toBe("no-store");
    });

    test("robots.txt leaves out what is private", async () => {
      const { html, status } = await get(new Client(url), "/robots.txt");
      expect(status).toBe(200);
      for (const path of ["/dashboard", "/settings", "/api/", "/twilio/"]) {
        expect(html).toContain(`Disallow: ${path}\n`);
      }
    });

    test("there is an icon", async () => {
      const { headers, status } = await get(new Client(url), "/favicon.svg");
      expect([status, headers.get("Content-Type")]).toEqual([200, "image/svg+xml"]);
    });
  });

  describe("signing up", () => {
    test("makes an account, signs in and goes on to choosing a number", async () => {
      const client = new Client(url);
      const page = await post(client, "/signup", aCompany());
      expect([page.status, page.location]).toEqual([302, "/dashboard/choose-number"]);
      expect((await get(client, "/dashboard")).status).toBe(200);
    });

    test("an empty form is told of every field that is needed", async () => {
      const page = await post(new Client(url), "/signup", {});
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

    test("a refused form keeps what was typed, but the password", async () => {
      const page = await post(new Client(url), "/signup", {
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
      await post(new Client(url), "/signup", fields);
      const page = await post(new Client(url), "/signup", {
        ...fields,
        email: ` ${fields.email?.toUpperCase()} `,
      });
      expect(page.status).toBe(409);
      expect(textOf(page)).toContain(
        "An account with this email address already exists. Log in instead.",
      );
      expect(page.html).toContain('href="/login">Log in instead.</a>');
    });
  });

  describe("logging in", () => {
    test("an unknown email and a wrong password get the same page", async () => {
      const fields = aCompany();
      await post(new Client(url), "/signup", fields);
      const tell = async (email: string) => {
        const page = await post(new Client(url), "/login", {
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
      expect(known.status).toBe(401);
      expect(known.title).toMatch(/^Error: Log in/);
      expect(known.text).toContain("Email or password is incorrect.");
      expect(await tell("nobody@example.com")).toEqual(known);
    });

    test("missing fields are told apart from wrong ones", async () => {
      const page = await post(new Client(url), "/login", { email: " " });
      expect(page.status).toBe(400);
      expect(textOf(page)).toContain("Enter your email address.");
      expect(textOf(page)).toContain("Enter your password.");
    });

    test("leads back to the page that was asked for, also after a mistake", async () => {
      const { email = "", ...fields } = aCompany();
      await post(new Client(url), "/signup", { ...fields, email });
      const target = "/settings/phone?notice=x";
      const client = new Client(url);
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
      const client = new Client(url);
      await post(client, "/signup", { email, password, ...fields });
      const hostile = encodeURIComponent(redirectTo);
      const visited = await get(client, `/login?redirectTo=${hostile}`);
      const signedOut = new Client(url);
      const shown = await get(signedOut, `/login?redirectTo=${hostile}`);
      expect(shown.html).not.toContain('"https://evil');
      const sent = await post(signedOut, "/login", {
        email,
        password,
        redirectTo,
      });
      for (const { location } of [visited, sent]) {
        const { origin, pathname } = new URL(location ?? "", url);
        expect([origin, pathname.startsWith("//")]).toEqual([url, false]);
      }
    });
  });

  describe("logging out", () => {
    test("ends the session wherever its cookie is", async () => {
      const { client } = await signedUp();
      const copy = new Client(url);
      for (const [name, value] of client.cookies) copy.cookies.set(name, value);
      const page = await post(client, "/logout", {});
      expect([page.status, page.location]).toEqual([302, "/"]);
      expect((await get(copy, "/dashboard")).location).toMatch(/^\/login/);
    });

    test("takes a POST: a link to it does nothing but show the button", async () => {
      const { client } = await signedUp();
      const page = await get(client, "/logout");
      expect(page.status).toBe(200);
      expect(page.html).toMatch(/<form method="post" action="\/logout".*Log out<\/button>/);
      expect((await get(client, "/dashboard")).status).toBe(200);
      expect((await get(new Client(url), "/logout")).location).toBe("/");
    });
  });

  describe("choosing a number", () => {
    test("the page is the dashboard, inert, with the modal open on it", async () => {
      await freshNumbers(1);
      const { client } = await signedUp();
      const page = await get(client, "/dashboard/choose-number");
      expect(page.title).toMatch(/^Choose Your Phone Number/);
      expect(page.html).toMatch(/<header[^>]* inert=""/);
      expect(page.html).toMatch(/<main[^>]* inert=""/);
      expect(page.html).toMatch(/<dialog[^>]* open=""[^>]*aria-labelledby=/);
      expect(textOf(page)).toContain("This will be your company's number for incoming calls.");
      expect(textOf(page)).toContain("Permanent: you can't change it later.");
      expect(textOf(page)).toContain("Skip for Now");
      expect(checked(page)).toEqual([""]);
      const inSettings = await get(client, "/settings/phone/choose");
      expect(textOf(inSettings)).toContain("Cancel");
      expect(textOf(inSettings)).not.toContain("Skip for Now");
    });

    test("lists a screen of numbers, then more, and finds digits as they are dialled", async () => {
      const numbers = await freshNumbers(45);
      const last = numbers.at(-1) ?? "";
      const { client } = await signedUp();
      const show = async (query: string) => get(client, `/dashboard/choose-number${query}`);
      expect(offered(await show(""))).toHaveLength(10);
      expect(offered(await show("?show=30"))).toHaveLength(30);
      for (const silly of ["-1", "0", "1e9", "x", "2.5", "NaN", ""]) {
        const page = await show(`?show=${silly}`);
        expect(page.status).toBe(200);
        expect(offered(page).length).toBeGreaterThanOrEqual(10);
        expect(offered(page).length).toBeLessThanOrEqual(500);
      }
      const dialled = `0${last.slice(4, 6)} ${last.slice(6, 9)} ${last.slice(9)}`;
      const found = await show(`?search=${encodeURIComponent(dialled)}`);
      expect(offered(found)).toEqual([last]);
      expect(textOf(found)).toContain("1 number matches");
      expect(textOf(await show("?search=777777"))).toContain(
        "No numbers contain 777777. Try fewer digits.",
      );
      expect(textOf(await show("?search=%2B999"))).toContain(
        "No numbers start with +999. Try fewer digits.",
      );
      const letters = await show("?search=abc");
      expect(textOf(letters)).toContain("Type digits to search.");
      expect(offered(letters)).toHaveLength(10);
    });

    test("nothing chosen is a 400 that says so", async () => {
      await freshNumbers(1);
      const { client } = await signedUp();
      const skippable = await post(client, "/dashboard/choose-number", {});
      expect(skippable.status).toBe(400);
      expect(skippable.title).toMatch(/^Error: Choose Your Phone Number/);
      expect(textOf(skippable)).toContain("Select a phone number, or skip for now.");
      const inSettings = await post(client, "/settings/phone/choose", {});
      expect(textOf(inSettings)).toContain("Select a phone number.");
    });

    test("a number is assigned once, and sending it again is the same good answer", async () => {
      const [number = ""] = await freshNumbers(1);
      const { client, id } = await signedUp();
      const stranger = await insertCompany(db);
      for (const path of [
        "/dashboard/choose-number",
        "/dashboard/choose-number",
        "/settings/phone/choose",
      ]) {
        const page = await post(client, path, {
          phone_number: number,
          company_id: String(stranger),
          assigned_to_company_id: String(stranger),
        });
        expect([page.status, page.location]).toEqual([302, "/dashboard"]);
      }
      const { pool, companies } = await assignmentsInBothTables(db);
      expect(pool).toContainEqual([id, number]);
      expect(companies.map(([company]) => company)).not.toContain(stranger);
    });

    test("both choose pages send a company that has its number to where it sees it", async () => {
      const [number = "", other = ""] = await freshNumbers(2);
      const { client } = await signedUp();
      await post(client, "/dashboard/choose-number", { phone_number: number });
      for (const path of privatePages.filter((page) => /choose/.test(page))) {
        const looked = await get(client, path);
        expect([looked.status, looked.location]).toEqual([302, "/settings/phone"]);
        const sent = await post(client, path, { phone_number: other });
        expect([sent.status, sent.location]).toEqual([302, "/settings/phone"]);
      }
      expect(textOf(await get(client, "/settings/phone"))).toContain(
        "Your company already has a number. It can't be changed.",
      );
    });

    test("a number that has just gone is a 409 with a fresh list and the search kept", async () => {
      const [taken = "", next = ""] = await freshNumbers(2);
      await assignPhoneNumber(db, await insertCompany(db), taken);
      const { client } = await signedUp();
      const digits = "86000";
      const page = await post(client, `/dashboard/choose-number?search=${digits}&show=500`, {
        phone_number: taken,
      });
      expect(page.status).toBe(409);
      expect(textOf(page)).toMatch(
        /\+353 86 \d{3} \d{4} is no longer available\. Choose another\./,
      );
      expect(page.html).toContain(`value="${digits}"`);
      expect(offered(page)).not.toContain(taken);
      expect(offered(page)).toContain(next);
      expect(checked(page)).toEqual([""]);
    });

    test.each(["", "+999999", "garbage", "<b>", "+353 86 000 0000 0000 0000"])(
      "what is no number of the pool is told plainly: %j",
      async (phone_number) => {
        await freshNumbers(1);
        const { client, id } = await signedUp();
        const page = await post(client, "/dashboard/choose-number", {
          phone_number,
        });
        expect(page.status).toBe(phone_number === "" ? 400 : 409);
        expect(textOf(page)).toMatch(/Select a phone number|no longer avail/);
        const { companies } = await assignmentsInBothTables(db);
        expect(companies.map(([company]) => company)).not.toContain(id);
      },
    );

    test("the script of the page gets the outcome without a redirect", async () => {
      const [number = ""] = await freshNumbers(1);
      const { client } = await signedUp();
      const page = await post(client, "/dashboard/choose-number.data", {
        phone_number: number,
        answer: "data",
      });
      expect(page.status).toBe(200);
      expect(page.html).toContain('"assigned"');
      expect(page.html).toContain(number);
    });

    test("a stranger's choice goes nowhere", async () => {
      const [number = ""] = await freshNumbers(1);
      const page = await post(new Client(url), "/dashboard/choose-number", {
        phone_number: number,
      });
      expect([page.status, page.location]).toEqual([
        302,
        "/login?redirectTo=%2Fdashboard%2Fchoose-number&signed-out=1",
      ]);
      expect(textOf(await get(new Client(url), page.location ?? ""))).toContain(
        "You were signed out. Log in to go on.",
      );
    });
  });

  describe("seeing the number", () => {
    test("the dashboard and the settings show it and since when", async () => {
      const [number = ""] = await freshNumbers(1);
      const { client } = await signedUp();
      const empty = textOf(await get(client, "/dashboard"));
      expect(empty).toContain("You don't have a number yet");
      expect(empty).toContain("Configure Phone");
      expect(empty).not.toContain("is your number");
      await post(client, "/dashboard/choose-number", { phone_number: number });
      const shown = /\+353 86 \d{3} \d{4}/;
      const today = new Intl.DateTimeFormat("en-GB", {
        dateStyle: "long",
        timeZone: "UTC",
      }).format(new Date());
      expect(textOf(await get(client, "/dashboard"))).toContain("is your number.");
      const dashboard = textOf(await get(client, "/dashboard"));
      expect(dashboard).toMatch(shown);
      expect(dashboard).toContain(`Yours since ${today}`);
      expect(dashboard).not.toContain("is your number.");
      const settings = await get(client, "/settings/phone");
      expect(textOf(settings)).toMatch(shown);
      expect(textOf(settings)).toContain(`Assigned ${today}. Permanent.`);
      expect(settings.html).not.toContain("<input");
      expect(settings.html).not.toContain("Configure Phone");
      expect(textOf(settings)).not.toContain("demo");
    });

    test("of a demo number the dashboard and the settings say that it takes no calls", async () => {
      const number = "+442079460018";
      await addToPool(db, [number]);
      const { client } = await signedUp();
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
        get(new Client(url), "/nowhere/at/all"),
        post(new Client(url), "/nowhere", {}),
      ]) {
        const page = await answer;
        expect(page.status).toBe(404);
        expect(page.title).toMatch(/^Page not found/);
        expect(page.html).toContain('href="/">Go to the start page</a>');
      }
    });

    test("a form that is too large is a 413 and says so", async () => {
      const page = await post(new Client(url), "/signup", {
        ...aCompany(),
        company_name: "x".repeat(20_000),
      });
      expect(page.status).toBe(413);
      expect(textOf(page)).toContain("What you sent is too large");
    });

    test("a form that cannot be read is a 400 and says so", async () => {
      const page = await pageOf(
        new Client(url).fetch("/login", {
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
    for (let i = 0; page.status === 401 && i < 50; i++) page = await guess();
    expect(page.status).toBe(429);
    expect(Number(page.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(page.title).toMatch(/^Error: Log in/);
    expect(textOf(page)).toMatch(/Too many attempts\. Try again in .* minutes/);
    expect(page.html).toContain('value="ann@example.com"');
  });

  test("a database that takes no writes costs nobody what they typed, and nothing is half done", async () => {
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

import { describe, expect, test } from "vitest";
import { callHandlingOf, saveCallHandling } from "#app/domain/call-handling.server.ts";
import { Client } from "../support/client.ts";
import { textOf } from "../support/pages.ts";
import { page, type Company, useCallSite } from "../support/call-pages.ts";
import { engines } from "../support/databases.ts";

describe.each(engines)("the page of call handling on %s", (engine) => {
  const site = useCallSite(engine);

  const valid = {
    greeting: "Hello & welcome",
    mode: "sip",
    phone: "",
    sip_address: "sip:desk@example.com",
    stream_url: "",
    ring_seconds: "25",
    take_message: "on",
    language: "fr-FR",
  };

  const save = async (company: Company, form: Record<string, string>) => {
    const answer = await company.client.fetch("/settings/calls", {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const html = await answer.text();
    return {
      status: answer.status,
      location: answer.headers.get("Location"),
      html,
      text: textOf({ html }),
    };
  };

  test("is saved, and shown again with a banner that can be dismissed", async () => {
    const company = await site.fresh();
    const { status, location } = await save(company, valid);
    expect([status, location]).toEqual([302, "/settings/calls"]);
    expect(await callHandlingOf(site.db, company.id)).toEqual({
      greeting: "Hello & welcome",
      mode: "sip",
      target: "sip:desk@example.com",
      ringSeconds: 25,
      takeMessage: true,
      language: "fr-FR",
    });
    const { cookies, headers } = company.client;
    const told = await company.client.fetch(location ?? "", {
      headers: { Cookie: `${headers.Cookie}; news=${cookies.get("news")}` },
    });
    expect(told.headers.get("Set-Cookie")).toMatch(/^news=;.*Max-Age=0/);
    const html = await told.text();
    const text = textOf({ html });
    expect(text).toContain("Saved.");
    expect(html).toContain('value="sip:desk@example.com"');
    expect(html).toMatch(/value="sip"[^>]*checked|checked[^>]*value="sip"/);
    expect((await page(company, "/settings/calls")).text).not.toContain("Saved.");
    const { take_message: _, ...unchecked } = valid;
    await save(company, unchecked);
    expect(await callHandlingOf(site.db, company.id)).toMatchObject({
      takeMessage: false,
    });
  });

  test("says what happens to a call now", async () => {
    const company = await site.fresh();
    const now = async (form?: Record<string, string>) => {
      if (form) await save(company, { ...valid, ...form });
      const { text } = await page(company, "/settings/calls");
      return /Callers hear: (.*?) Greeting \(optional\)/.exec(text)?.[1];
    };
    expect(await now()).toMatch(
      /^“Thank you for calling .*”, then a request to leave a message\.$/,
    );
    expect(await now({})).toBe(
      `“${valid["greeting"]}”, then ringing at sip:desk@example.com for up to 25 seconds. If nobody answers, they are asked for a message.`,
    );
    const { take_message: _, ...unchecked } = valid;
    const phone = { ...unchecked, mode: "phone", phone: "+353871112222", greeting: "" };
    await save(company, phone);
    expect(await now()).toBe(
      "ringing at +353 87 111 2222 for up to 25 seconds. If nobody answers, the call ends.",
    );
    expect(await now({ mode: "stream", stream_url: "wss://agent.example.com/calls" })).toBe(
      `“${valid["greeting"]}”, then your voice agent at agent.example.com. If it cannot be reached, they are asked for a message.`,
    );
    expect(await now({ mode: "message", greeting: "" })).toBe("a request to leave a message.");
    // A phone that may not be rung any more is not, and so is not said to be.
    await site
      .db("company_call_handling")
      .where({ company_id: company.id })
      .update({ mode: "phone", target: "+442071234567" });
    expect(await now()).toBe("a request to leave a message.");
  });

  test("offers the languages by name, and the one that callers are spoken to in", async () => {
    const company = await site.fresh();
    const { html } = await page(company, "/settings/calls");
    const options = [...html.matchAll(/<option value="(..-..)"( selected="")?>(.*?)</g)];
    expect(options.map(([, , , name]) => name)).toEqual([
      "Dutch (Netherlands)",
      "English (Ireland)",
      "English (United Kingdom)",
      "English (United States)",
      "French (France)",
      "German (Germany)",
      "Italian (Italy)",
      "Polish (Poland)",
      "Portuguese (Portugal)",
      "Spanish (Spain)",
    ]);
    expect(options.filter(([, , selected]) => selected).map(([, tag]) => tag)).toEqual(["en-IE"]);
    await save(company, valid);
    expect((await page(company, "/settings/calls")).html).toContain(
      '<option value="fr-FR" selected="">French (France)',
    );
  });

  test("a form changes only the sender's own settings, whatever it names", async () => {
    const [one, other] = [await site.fresh(), await site.fresh()];
    const before = await callHandlingOf(site.db, other.id);
    const answer = await one.client.fetch(`/settings/calls?company_id=${other.id}`, {
      method: "POST",
      body: new URLSearchParams({
        ...valid,
        company_id: String(other.id),
        id: String(other.id),
      }),
    });
    expect(answer.headers.get("Location")).toBe("/settings/calls");
    expect(await callHandlingOf(site.db, other.id)).toEqual(before);
    expect(await callHandlingOf(site.db, one.id)).toMatchObject({
      greeting: valid.greeting,
    });
  });

  test("everything wrong is listed at once, in the form's order", async () => {
    const { html } = await save(await site.fresh(), {
      ...valid,
      mode: "phone",
      phone: "086 1",
      ring_seconds: "900",
      language: "x",
      greeting: "x".repeat(501),
    });
    expect([...html.matchAll(/<a href="#(\w+)">/g)].map(([, field]) => field)).toEqual([
      "greeting",
      "language",
      "phone",
      "ring_seconds",
    ]);
  });

  test.each(["phone", "sip_address"] as const)(
    "what only the database knows about %s is listed with the rest",
    async (field) => {
      const company = await site.fresh();
      const pool = { phone: company.number, sip_address: `sip:${company.number}@example.com` };
      const { html, text } = await save(company, {
        ...valid,
        mode: field === "phone" ? "phone" : "sip",
        [field]: pool[field],
        ring_seconds: "900",
        greeting: "x".repeat(501),
      });
      expect([...html.matchAll(/<a href="#(\w+)">/g)].map(([, to]) => to)).toEqual([
        "greeting",
        field,
        "ring_seconds",
      ]);
      expect(text).toContain("so it would ring itself. Enter another.");
    },
  );

  test("typed after the session has ended, it is there after log-in, once, and for nobody else", async () => {
    const [company, other] = [await site.fresh(), await site.fresh()];
    const form = {
      ...valid,
      form_owner: String(company.id),
      sip_address: "sip:late@example.com",
    };
    const visitor = new Client(site.url);
    const sent = await visitor.fetch("/settings/calls", {
      method: "POST",
      body: new URLSearchParams(form),
    });
    expect(sent.headers.get("Location")).toBe("/login?redirectTo=%2Fsettings%2Fcalls&signed-out=1");
    const kept = visitor.cookies.get("kept-form") ?? "";
    const seenBy = async ({ client }: Company) => {
      const answer = await client.fetch("/settings/calls", {
        headers: { Cookie: `${client.headers.Cookie}; kept-form=${kept}` },
      });
      expect(answer.headers.get("Set-Cookie")).toMatch(/kept-form=;.*Max-Age=0/);
      return answer.text();
    };
    const seen = await seenBy(company);
    expect(seen).toContain('value="sip:late@example.com"');
    expect(textOf({ html: seen })).toContain("It is not saved yet.");
    expect(await seenBy(other)).not.toContain("sip:late@example.com");
    for (const forged of ["x", "", "%", "a".repeat(3000)]) {
      const answer = await company.client.fetch("/settings/calls", {
        headers: { Cookie: `${company.client.headers.Cookie}; kept-form=${forged}` },
      });
      expect(answer.status).toBe(200);
    }
  });

  test.each([
    ["mode", { mode: "" }, "Choose what happens to a call."],
    ["phone", { mode: "phone", phone: "086 1" }, "Enter a phone number with"],
    [
      "sip_address",
      { sip_address: "desk@example.com" },
      "Enter a SIP address, like sip:reception@example.com.",
    ],
    [
      "stream_url",
      { mode: "stream", stream_url: "https://example.com" },
      "Enter an address like wss://agent.example.com/calls.",
    ],
    ["ring_seconds", { ring_seconds: "0" }, "Enter how many seconds to ring"],
    ["greeting", { greeting: "x".repeat(501) }, "Use 500 characters or"],
  ] as const)(
    "what is wrong with %s is told at the top and at the field, and nothing typed is lost",
    async (field, wrong, message) => {
      const company = await site.fresh();
      const before = await callHandlingOf(site.db, company.id);
      const { status, html, text } = await save(company, { ...valid, ...wrong });
      expect(status).toBe(400);
      expect(html).toMatch(/<title>Error: Call handling/);
      expect(html).toContain(`<a href="#${field}">`);
      expect(html).toContain(`id="${field}"`);
      expect(html).toContain(`id="${field}-error"`);
      expect(text.split(message)).toHaveLength(3);
      for (const value of Object.values({ ...valid, ...wrong })) {
        expect(html).toContain(value.replaceAll("&", "&amp;"));
      }
      expect(await callHandlingOf(site.db, company.id)).toEqual(before);
    },
  );

  test("a number of the pool is not rung, the company's own least of all", async () => {
    const company = await site.fresh();
    for (const phone of [company.number, site.numbers[0]!]) {
      const { status, text } = await save(company, { ...valid, mode: "phone", phone });
      expect(status).toBe(400);
      expect(text).toContain("so it would ring itself. Enter another.");
    }
    const sip = { ...valid, mode: "sip", sip_address: `sip:${company.number}@example.com` };
    expect((await save(company, sip)).html).toContain('<a href="#sip_address">');
  });

  test("the page says if a phone saved earlier may no longer be rung", async () => {
    const company = await site.fresh();
    const mark = "callers are asked for a message instead. Enter another.";
    await save(company, { ...valid, mode: "phone", phone: "+353 87 111 2222" });
    expect((await page(company, "/settings/calls")).text).not.toContain(mark);
    await site
      .db("company_call_handling")
      .where({ company_id: company.id })
      .update({ target: "+442071234567" });
    const { html, text } = await page(company, "/settings/calls");
    expect(text).toContain(mark);
    expect(html).toContain("+44 20 7123 4567");
  });

  test("the form says whose countries' phones may be rung, and refuses others", async () => {
    const company = await site.fresh();
    const { text } = await page(company, "/settings/calls");
    expect(text).toContain("Calls go to phones in: Ireland.");
    for (const [phone, error] of [
      ["+44 20 7123 4567", "Calls go to phones in these countries only: Ireland."],
      ["+1 900 555 1234", "not to premium-rate, shared-cost, satellite or unknown numbers."],
    ] as const) {
      const refused = await save(company, { ...valid, mode: "phone", phone });
      expect(refused.status).toBe(400);
      expect(refused.html).toContain('<a href="#phone">');
      expect(refused.text).toContain(error);
      const both = await save(company, { ...valid, mode: "phone", phone, ring_seconds: "900" });
      expect(both.text).toContain(error);
      expect(both.html).toContain('<a href="#ring_seconds">');
    }
  });

  test("a company's greeting comes back as text", async () => {
    const company = await site.fresh();
    await saveCallHandling(site.db, company.id, {
      greeting: `</textarea><script>alert("1")</script>`,
      mode: "message",
      target: null,
      ringSeconds: 20,
      takeMessage: true,
    });
    const { html } = await page(company, "/settings/calls");
    expect(html).not.toContain("</textarea><script>");
    expect(html).toContain("&lt;/textarea&gt;&lt;script&gt;");
  });
});

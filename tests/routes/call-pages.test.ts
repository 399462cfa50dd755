import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { reading } from "#app/db.server.ts";
import { callHandlingOf, saveCallHandling } from "#app/domain/call-handling.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { loader as exportLoader } from "#app/routes/calls[.]csv.ts";
import { callsOf, newCallSid, scenarios, secondsIn } from "../support/calls.ts";
import { Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies, until } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

interface Company {
  id: number;
  number: string;
  client: Client;
}

const textOf = (html: string) =>
  html
    .replaceAll(/<script.*?<\/script>|<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ (?=[.,])/g, "");

/** A company that is signed in and has the number. */
async function companyWith(url: string, db: Knex, number: string): Promise<Company> {
  const [company] = await signedInCompanies(db, 1);
  const { id, cookie } = company!;
  await assignPhoneNumber(db, id, number);
  return { id, number, client: new Client(url, { Cookie: cookie }) };
}

async function called(
  db: Knex,
  { id, number }: Company,
  { from = "+353871112222", at = new Date(), callSid = newCallSid() } = {},
): Promise<string> {
  await recordIncomingCall(
    db,
    { callSid, from, to: number, status: "ringing", at },
    { companyId: id, route: "phone" },
  );
  return callSid;
}

async function page(
  { client }: { client: Client },
  path: string,
): Promise<{ status: number; headers: Headers; html: string; text: string }> {
  const { status, headers, ...answer } = await client.fetch(path).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    html: await response.text(),
  }));
  return { status, headers, html: answer.html, text: textOf(answer.html) };
}

/** An export's lines, read as RFC 4180 has them. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  const cells = csv.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/g);
  for (const [, cell = "", end] of cells) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  expect(rows.pop()).toEqual([""]);
  return rows;
}

const streamPath = "/dashboard/ring-test";
const pages = ["/calls", "/settings/calls"];
const resources = ["/calls.csv", streamPath];

describe.each(engines)("a company's calls on %s", (engine) => {
  let url: string;
  let db: Knex;
  let numbers: string[];
  const fresh = () => companyWith(url, db, numbers.shift()!);
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    db = openDatabase(databaseUrl);
    numbers = await fillPool(db, 40);
    url = (await startServer({ databaseUrl })).url;
  });

  describe("who may see them", () => {
    test.each([...pages, ...resources])(
      "%s asks a stranger to log in, and is in no cache",
      async (path) => {
        const stranger = { client: new Client(url) };
        const { status, headers, html } = await page(stranger, path);
        expect(status).toBe(302);
        expect(headers.get("Location")).toBe(`/login?redirectTo=${encodeURIComponent(path)}`);
        expect(html).toBe("");
        if (resources.includes(path)) {
          expect(headers.get("Cache-Control")).toBe("no-store");
        }
        const data = await page(stranger, `${path}.data`);
        expect(data.html).toContain("/login?redirectTo=");
        expect(data.headers.get("Cache-Control")).toBe("no-store");
      },
    );

    test.each(pages)("%s is in no cache and no search engine", async (path) => {
      const company = await fresh();
      await called(db, company);
      for (const address of [path, `${path}.data`]) {
        const { status, headers } = await page(company, address);
        expect([status, headers.get("Cache-Control")]).toEqual([200, "no-store"]);
      }
      expect((await page(company, path)).html).toContain('<meta name="robots" content="noindex"/>');
    });

    test("no page, export or stream tells one company of another's calls", async () => {
      const [one, other] = [await fresh(), await fresh()];
      const sids: string[] = [];
      for (let i = 0; i < 30; i++) {
        sids.push(
          await called(db, one, {
            from: "+353879990000",
            at: secondsIn(i),
          }),
        );
      }
      const first = await page(one, "/calls");
      const [, older = ""] = /cursor=([\w-]+)/.exec(first.html) ?? [];
      expect(older).not.toBe("");
      expect((await page(one, `/calls?cursor=${older}`)).html).toContain(sids[0]);
      for (const address of [
        "/dashboard",
        "/dashboard.data",
        "/calls",
        `/calls?cursor=${older}`,
        `/calls.data?cursor=${older}`,
        `/calls?company_id=${one.id}&id=${one.id}`,
        `/calls.csv?company_id=${one.id}`,
        `/calls.csv?cursor=${older}`,
        "/settings/calls",
      ]) {
        const { status, html } = await page(other, address);
        expect([address, status]).toEqual([address, 200]);
        expect(html).not.toContain("87 999 0000");
        expect(html).not.toContain("+353879990000");
        for (const sid of sids) expect(html).not.toContain(sid);
      }
      const stream = await openStream(other);
      await called(db, one);
      await stream.quietFor(2_500);
      await stream.close();
    });

    test("a form changes only the sender's own settings, whatever it names", async () => {
      const [one, other] = [await fresh(), await fresh()];
      const before = await callHandlingOf(db, other.id);
      const answer = await one.client.fetch(`/settings/calls?company_id=${other.id}`, {
        method: "POST",
        body: new URLSearchParams({
          ...valid,
          company_id: String(other.id),
          id: String(other.id),
        }),
      });
      expect(answer.headers.get("Location")).toBe("/settings/calls");
      expect(await callHandlingOf(db, other.id)).toEqual(before);
      expect(await callHandlingOf(db, one.id)).toMatchObject({
        greeting: valid.greeting,
      });
    });
  });

  const valid = {
    greeting: "Hello & welcome",
    mode: "sip",
    phone: "",
    sip_address: "sip:desk@example.com",
    stream_url: "",
    ring_seconds: "25",
    take_message: "on",
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
      text: textOf(html),
    };
  };

  describe("call handling", () => {
    test("is saved, and shown again with a banner that can be dismissed", async () => {
      const company = await fresh();
      const { status, location } = await save(company, valid);
      expect([status, location]).toEqual([302, "/settings/calls"]);
      expect(await callHandlingOf(db, company.id)).toEqual({
        greeting: "Hello & welcome",
        mode: "sip",
        target: "sip:desk@example.com",
        ringSeconds: 25,
        takeMessage: true,
      });
      const { cookies, headers } = company.client;
      const told = await company.client.fetch(location ?? "", {
        headers: { Cookie: `${headers.Cookie}; news=${cookies.get("news")}` },
      });
      expect(told.headers.get("Set-Cookie")).toMatch(/^news=;.*Max-Age=0/);
      const html = await told.text();
      const text = textOf(html);
      expect(text).toContain("Saved.");
      expect(html).toContain('value="sip:desk@example.com"');
      expect(html).toMatch(/value="sip"[^>]*checked|checked[^>]*value="sip"/);
      expect((await page(company, "/settings/calls")).text).not.toContain("Saved.");
      const { take_message: _, ...unchecked } = valid;
      await save(company, unchecked);
      expect(await callHandlingOf(db, company.id)).toMatchObject({
        takeMessage: false,
      });
    });

    test("all that is wrong is told at once, in the form's order", async () => {
      const { html } = await save(await fresh(), {
        ...valid,
        mode: "phone",
        phone: "086 1",
        ring_seconds: "900",
        greeting: "x".repeat(501),
      });
      expect([...html.matchAll(/<a href="#(\w+)">/g)].map(([, field]) => field)).toEqual([
        "greeting",
        "phone",
        "ring_seconds",
      ]);
    });

    test.each(["phone", "sip_address"] as const)(
      "what only the database knows of %s is told together with the rest",
      async (field) => {
        const company = await fresh();
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
      const [company, other] = [await fresh(), await fresh()];
      const form = {
        ...valid,
        form_owner: String(company.id),
        sip_address: "sip:late@example.com",
      };
      const visitor = new Client(url);
      const sent = await visitor.fetch("/settings/calls", {
        method: "POST",
        body: new URLSearchParams(form),
      });
      expect(sent.headers.get("Location")).toBe(
        "/login?redirectTo=%2Fsettings%2Fcalls&signed-out=1",
      );
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
      expect(textOf(seen)).toContain("It is not saved yet.");
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
        const company = await fresh();
        const before = await callHandlingOf(db, company.id);
        const { status, html, text } = await save(company, {
          ...valid,
          ...wrong,
        });
        expect(status).toBe(400);
        expect(html).toMatch(/<title>Error: Call handling/);
        expect(html).toContain(`<a href="#${field}">`);
        expect(html).toContain(`id="${field}"`);
        expect(html).toContain(`id="${field}-error"`);
        expect(text.split(message)).toHaveLength(3);
        for (const value of Object.values({ ...valid, ...wrong })) {
          expect(html).toContain(value.replaceAll("&", "&amp;"));
        }
        expect(await callHandlingOf(db, company.id)).toEqual(before);
      },
    );

    test("a number of the pool is not rung, the company's own least of all", async () => {
      const company = await fresh();
      for (const phone of [company.number, numbers[0]!]) {
        const { status, text } = await save(company, {
          ...valid,
          mode: "phone",
          phone,
        });
        expect(status).toBe(400);
        expect(text).toContain("so it would ring itself. Enter another.");
      }
      const sip = { ...valid, mode: "sip", sip_address: `sip:${company.number}@example.com` };
      expect((await save(company, sip)).html).toContain('<a href="#sip_address">');
    });

    test("a phone that was saved before and may not be rung any more is told as such", async () => {
      const company = await fresh();
      const mark = "callers are asked for a message instead. Enter another.";
      await save(company, { ...valid, mode: "phone", phone: "+353 87 111 2222" });
      expect((await page(company, "/settings/calls")).text).not.toContain(mark);
      await db("company_call_handling")
        .where({ company_id: company.id })
        .update({ target: "+442071234567" });
      const { html, text } = await page(company, "/settings/calls");
      expect(text).toContain(mark);
      expect(html).toContain("+44 20 7123 4567");
    });

    test("the form says whose countries' phones may be rung, and refuses others", async () => {
      const company = await fresh();
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
  });

  // PostgreSQL takes no such text.
  const eachColumn = engine === "sqlite" ? ["started_at", "answered_at", "ended_at"] : [];
  test.each(eachColumn)(
    "a call whose %s some other program has written oddly breaks no page and no list",
    async (column) => {
      const company = await fresh();
      await called(db, company);
      const callSid = await called(db, company, { from: "+353871112223" });
      for (const odd of ["", "last week", "2024-02-30 10:00:00", "1700000000", "infinity"]) {
        await db("calls")
          .where({ call_sid: callSid })
          .update({ [column]: odd });
        for (const path of ["/calls", "/dashboard", "/calls.csv"]) {
          const { status, html } = await page(company, path);
          expect([path, odd, status]).toEqual([path, odd, 200]);
          expect(html.replaceAll(/[\s\u00a0]/g, "")).toContain("353871112222");
          expect(html).not.toMatch(/Invalid Date|NaN/);
        }
      }
    },
  );

  describe("the dashboard", () => {
    test("a company without a number sees nothing of calls", async () => {
      const [company] = await signedInCompanies(db, 1);
      const client = new Client(url, { Cookie: company!.cookie });
      expect((await page({ client }, "/dashboard")).text).not.toContain("Recent calls");
      expect((await page({ client }, "/calls")).text).toContain(
        "No calls yet. You need a number first.",
      );
    });

    test("asks for a test call until one comes, and then shows the proof, the calls and the chart", async () => {
      const company = await fresh();
      const shown = numberAsShown(company.number);
      for (const path of ["/dashboard", "/calls"]) {
        const { text } = await page(company, path);
        expect(text).toContain(`No calls yet. Call ${shown} to test it.`);
      }
      const before = await page(company, "/dashboard");
      expect(before.text).toContain("Check for the call");
      expect(before.html).not.toContain("<svg role");
      await called(db, company);
      const { html, text } = await page(company, "/dashboard");
      expect(text).toMatch(
        /Your number works. Its first call came from \+353 87 111 2222 on \d+ \w+ \d{4}, \d\d:\d\d UTC./,
      );
      expect(text).not.toContain("Check for the call");
      expect(text).toContain("1 call from");
      expect(html).toMatch(/<svg role="img" aria-labelledby="calls-per-day"/);
      expect(html).not.toMatch(/<[^>]+ style=/);
    });

    test("news gets old", async () => {
      const company = await fresh();
      await called(db, company, { at: new Date(Date.now() - 2 * 3_600_000) });
      const { text } = await page(company, "/dashboard");
      expect(text).not.toContain("Your number works.");
      expect(text).toContain("+353 87 111 2222");
    });

    test("the chart's numbers are a table too", async () => {
      const company = await fresh();
      for (const days of [0, 0, 3, 13, 14]) {
        await called(db, company, {
          at: new Date(Date.now() - days * 86_400_000),
        });
      }
      const { html } = await page(company, "/dashboard");
      const [, table = ""] = /<details>(.*?)<\/details>/s.exec(html) ?? [];
      const counts = [...table.matchAll(/<td[^>]*>(\d+)/g)].map(([, n]) => n);
      expect(counts.join("")).toBe("10000000001002");
      expect(textOf(html)).toContain("4 calls from");
    });
  });

  describe("the log", () => {
    test("pages run from the newest to the oldest and back to the start", async () => {
      const company = await fresh();
      const sids: string[] = [];
      for (let i = 0; i < 60; i++) {
        sids.unshift(await called(db, company, { at: secondsIn(i) }));
      }
      const seen: string[] = [];
      let path: string | undefined = "/calls";
      for (let turns = 0; path !== undefined && turns < 5; turns++) {
        const { html, text } = await page(company, path);
        const data = html.slice(html.indexOf("window.__remixContext"));
        seen.push(...sids.filter((sid) => data.includes(sid)));
        expect(text.includes("Newest calls")).toBe(turns > 0);
        path = /href="(\/calls\?cursor=[^"]*)"/.exec(html)?.[1];
      }
      expect(seen).toEqual(sids);
    });

    test("can be of one outcome; what there is not is all of them", async () => {
      const company = await fresh();
      for (const scenario of scenarios.slice(0, 11)) {
        const callSid = newCallSid();
        for (const event of callsOf(scenario, {
          callSid,
          company: company.id,
          to: company.number,
        })) {
          await event(db);
        }
      }
      const message = await page(company, "/calls?outcome=message");
      expect(message.text).toContain("Message, 8 s");
      expect(message.text).toContain("The caller left a message.");
      expect(message.text).not.toContain("Somebody answered.");
      expect(message.html).not.toContain("api.twilio.com");
      expect(message.html).toContain('href="/calls.csv?outcome=message"');
      for (const outcome of ["", "unmatched", "nonsense", "toString"]) {
        const all = await page(company, `/calls?outcome=${outcome}`);
        expect(all.text).toContain("Somebody answered.");
        expect(all.text).toContain("The caller left a message.");
      }
      const none = await page(company, "/calls?outcome=in-progress");
      expect(none.text).toContain("No calls like that.");
    });

    test.each(["x", "%00", "AAAA", "Z".repeat(3_000)])(
      "a cursor that is none leads to the first page: %s",
      async (cursor) => {
        const { status, headers } = await page(
          await fresh(),
          `/calls?outcome=busy&cursor=${cursor}`,
        );
        expect([status, headers.get("Location")]).toEqual([302, "/calls?outcome=busy"]);
      },
    );

    test.each([
      "",
      "anonymous",
      "Anonymous",
      "sip:anonymous@anonymous.invalid",
      "+266696687",
      "+7378742833",
    ])("a caller who withholds the number reads so: %j", async (from) => {
      const company = await fresh();
      await called(db, company, { from });
      for (const path of ["/dashboard", "/calls", "/calls.csv"]) {
        const { html } = await page(company, path);
        expect(html).toContain("Number withheld");
      }
    });
  });

  describe("the export", () => {
    test("has every call, its times in UTC, and nothing that a spreadsheet would run", async () => {
      const company = await fresh();
      const nasty: [from: string, cell: string][] = [
        ["+353871112222", "+353 87 111 2222"],
        ['=HYPERLINK("http://evil","x")', `'=HYPERLINK("http://evil","x")`],
        ["+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"],
        ["-2+3", "'-2+3"],
        ["@SUM(A1)", "'@SUM(A1)"],
        ["\t=1+1", "'=1+1"],
        ["sip:a,b@x.ie\r\n=1+1", "sip:a,b@x.ie =1+1"],
        ['sip:"Ann" <a@x.ie>', 'sip:"Ann" <a@x.ie>'],
        ["sip:zoë@x.ie", "sip:zoë@x.ie"],
        ["anonymous", "Number withheld"],
      ];
      for (const [index, [from]] of nasty.entries()) {
        await called(db, company, { from, at: secondsIn(-index) });
      }
      const answer = await company.client.fetch("/calls.csv");
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": expect.stringMatching(
          /^attachment; filename="calls-\d{4}-\d\d-\d\d\.csv"$/,
        ) as string,
        "cache-control": "no-store, no-transform",
      });
      const [head, ...rows] = cellsOf(await answer.text());
      expect(head?.slice(0, 4)).toEqual(["started_at", "caller", "called", "outcome"]);
      expect(rows.map((row) => row[1])).toEqual(nasty.map(([, cell]) => cell));
      expect(rows[0]).toEqual([
        "2026-11-22T10:00:00Z",
        "+353 87 111 2222",
        numberAsShown(company.number),
        "in-progress",
        expect.any(String),
        "",
        "",
        "",
        "",
        expect.stringMatching(/^CA[0-9a-f]{32}$/),
      ]);
    });

    test("can be of one outcome, and is a heading where there is no call", async () => {
      const company = await fresh();
      await called(db, company);
      const busy = await page(company, "/calls.csv?outcome=busy");
      expect(cellsOf(busy.html)).toHaveLength(1);
      const going = await page(company, "/calls.csv?outcome=in-progress");
      expect(cellsOf(going.html)).toHaveLength(2);
    });

    test("is not read whole under another address, and HEAD reads none of it", async () => {
      const company = await fresh();
      const callSid = await called(db, company);
      const { html } = await page(company, "/calls.csv.data");
      expect(html).not.toContain(callSid);
      const head = await company.client.fetch("/calls.csv", { method: "HEAD" });
      expect(head.status).toBe(200);
      expect(head.headers.get("Content-Type")).toMatch(/^text\/csv/);
      expect(await head.text()).toBe("");
    });
  });

  interface Stream {
    status: number;
    headers: Headers;
    /** Reads on until `text` has come. */
    says(text: string): Promise<void>;
    /** Reads to the end. */
    ends(): Promise<string>;
    /** No event comes for so many milliseconds. */
    quietFor(time: number): Promise<void>;
    close(): Promise<void>;
  }

  async function openStream({ client }: { client: Client }): Promise<Stream> {
    const gone = new AbortController();
    const answer = await client.fetch(streamPath, { signal: gone.signal });
    const reader = answer.body!.getReader();
    let read = "";
    let over = false;
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        read += new TextDecoder().decode(value);
      }
      over = true;
    })().catch(() => {});
    return {
      status: answer.status,
      headers: answer.headers,
      says: (text) => until(text, () => read.includes(text)),
      async ends() {
        await until("the end of the stream", () => over);
        return read;
      },
      async quietFor(time) {
        const timer = new Promise((resolve) => setTimeout(resolve, time));
        await Promise.race([
          timer,
          until("an event", () => read.includes("event:")).catch(() => {}),
        ]);
        expect(read).not.toContain("event:");
      },
      async close() {
        gone.abort();
        await reading;
      },
    };
  }

  describe("the ring test's event stream", () => {
    test("says so when the first call comes, and ends", async () => {
      const company = await fresh();
      const stream = await openStream(company);
      expect(stream.status).toBe(200);
      expect(Object.fromEntries(stream.headers)).toMatchObject({
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store, no-transform",
      });
      expect(stream.headers.get("Content-Encoding")).toBeNull();
      await stream.says("retry:");
      const callSid = await called(db, company);
      const all = await stream.ends();
      expect(all).toBe("retry: 3000\n\nevent: call\ndata: came\n\n");
      expect(all).not.toContain(callSid);
      const again = await openStream(company);
      expect(await again.ends()).toContain("event: call");
    });

    test("a company has a few at most, and those whose reader went do not count", async () => {
      const company = await fresh();
      const streams: Stream[] = [];
      for (let i = 0; i < 4; i++) streams.push(await openStream(company));
      for (const stream of streams) await stream.says("retry:");
      const refused = await company.client.fetch(streamPath);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("Cache-Control")).toBe("no-store");
      expect((await openStream(await fresh())).status).toBe(200);
      for (const stream of streams) await stream.close();
      await until("a free place", async () => {
        const stream = await openStream(company);
        await stream.close();
        return stream.status === 200;
      });
    });

    test("nothing runs for HEAD or the data of a page", async () => {
      const company = await fresh();
      for (let i = 0; i < 6; i++) {
        const head = await company.client.fetch(streamPath, { method: "HEAD" });
        expect(head.status).toBe(200);
        await page(company, `${streamPath}.data`);
      }
      const stream = await openStream(company);
      expect(stream.status).toBe(200);
      await stream.close();
    });
  });
});

function numberAsShown(number: string): string {
  return number.replace(/^(\+353)(86)(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}

test("a server that is told to stop ends its event streams", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const [number] = await fillPool(db, 1);
  const server = await startServer({ databaseUrl });
  const { client } = await companyWith(server.url, db, number!);
  const answer = await client.fetch(streamPath);
  const text = answer.text();
  const startedAt = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await text).toContain("retry:");
});

describe("the export of 20,000 calls", () => {
  let db: Knex;
  let cookie: string;
  let url: string;
  beforeAll(async () => {
    url = (await createMigratedDatabase("sqlite")).url;
    db = openDatabase(url);
    const [company] = await signedInCompanies(db, 1);
    cookie = company!.cookie;
    await insertCalls(db, company!.id, 20_000);
  });

  async function insertCalls(to: Knex, companyId: number, count: number) {
    await to.transaction(async (transaction) => {
      for (let done = 0; done < count; done += 100) {
        await transaction("calls").insert(
          Array.from({ length: 100 }, (_, i) => ({
            call_sid: newCallSid(),
            from_number: `+35387${String(done + i).padStart(7, "0")}`,
            to_number: "+353860000000",
            company_id: companyId,
            route: "phone",
            twilio_status: "completed",
            recording_absent: false,
            started_at: toDatabaseTime(secondsIn(done + i)),
            seconds: 10,
          })),
        );
      }
    });
  }

  test("is complete", async () => {
    const server = await startServer({ databaseUrl: url });
    const answer = await new Client(server.url, { Cookie: cookie }).fetch("/calls.csv");
    const rows = cellsOf(await answer.text());
    expect(rows).toHaveLength(20_001);
    expect(new Set(rows.map((row) => row.at(-1))).size).toBe(20_001);
  });

  test("is read from the database as it is taken, in small pieces, and no more of it once the reader goes", async () => {
    useEnvironment({ DATABASE_URL: url });
    let queries = 0;
    reading().on("query", () => queries++);
    const open = async (signal: AbortSignal) => {
      const request = new Request("http://localhost:3000/calls.csv", {
        headers: { Cookie: cookie },
        signal,
      });
      const { body } = await exportLoader({ request, params: {}, context: {} });
      return body!.getReader();
    };
    const never = new AbortController().signal;
    const reader = await open(never);
    const begun = queries;
    const { value } = await reader.read();
    expect(queries - begun).toBe(1);
    let largest = value!.byteLength;
    let total = largest;
    for (;;) {
      const part = await reader.read();
      if (part.done) break;
      largest = Math.max(largest, part.value.byteLength);
      total += part.value.byteLength;
    }
    expect(total).toBeGreaterThan(2_000_000);
    expect(largest).toBeLessThan(32 * 1024);

    const cancelled = await open(never);
    await cancelled.read();
    await cancelled.cancel();
    const gone = new AbortController();
    const abandoned = await open(gone.signal);
    await abandoned.read();
    gone.abort();
    const settled = queries;
    expect((await abandoned.read()).done).toBe(true);
    expect(queries).toBe(settled);
  });
});

test("what a company sends as its greeting comes back as text", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const [number] = await fillPool(db, 1);
  const { url } = await startServer({ databaseUrl });
  const company = await companyWith(url, db, number!);
  await saveCallHandling(db, company.id, {
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

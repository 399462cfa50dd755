import { describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { callsOf, newCallSid, scenarios, secondsIn } from "../support/calls.ts";
import { daysAgo } from "../support/clock.ts";
import { Client } from "../support/client.ts";
import { signedInCompanies } from "../support/load.ts";
import { textOf } from "../support/pages.ts";
import { streamPath } from "../support/ring-test-stream.ts";
import { called, page, useCallSite } from "../support/call-pages.ts";
import { engines } from "../support/databases.ts";

const pages = ["/calls", "/settings/calls"];
const resources = ["/calls.csv", streamPath];

describe.each(engines)("a company's calls on %s", (engine) => {
  const site = useCallSite(engine);

  describe("who may see them", () => {
    test.each([...pages, ...resources])(
      "%s asks a stranger to log in, and is never cached",
      async (path) => {
        const stranger = { client: new Client(site.url) };
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

    test.each(pages)("%s is never cached and in no search engine", async (path) => {
      const company = await site.fresh();
      await called(site.db, company);
      for (const address of [path, `${path}.data`]) {
        const { status, headers } = await page(company, address);
        expect([status, headers.get("Cache-Control")]).toEqual([200, "no-store"]);
      }
      expect((await page(company, path)).html).toContain('<meta name="robots" content="noindex"/>');
    });

    test("no page and no export shows one company another's calls", async () => {
      const [one, other] = [await site.fresh(), await site.fresh()];
      const sids: string[] = [];
      for (let i = 0; i < 30; i++) {
        sids.push(
          await called(site.db, one, {
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
    });
  });

  // PostgreSQL takes no such text.
  const eachColumn = engine === "sqlite" ? ["started_at", "answered_at", "ended_at"] : [];
  test.each(eachColumn)(
    "a call with an odd %s from another program breaks no page and no list",
    async (column) => {
      const company = await site.fresh();
      await called(site.db, company);
      const callSid = await called(site.db, company, { from: "+353871112223" });
      for (const odd of ["", "last week", "2024-02-30 10:00:00", "1700000000", "infinity"]) {
        await site
          .db("calls")
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
    test("a company without a number sees nothing about calls", async () => {
      const [company] = await signedInCompanies(site.db, 1);
      const client = new Client(site.url, { Cookie: company!.cookie });
      expect((await page({ client }, "/dashboard")).text).not.toContain("Recent calls");
      expect((await page({ client }, "/calls")).text).toContain(
        "No calls yet. You need a number first.",
      );
    });

    test("asks for a test call until one comes, and then shows the proof, the calls and the chart", async () => {
      const company = await site.fresh();
      const shown = formatPhoneNumber(company.number);
      for (const path of ["/dashboard", "/calls"]) {
        const { text } = await page(company, path);
        expect(text).toContain(`No calls yet. Call ${shown} to test it.`);
      }
      const before = await page(company, "/dashboard");
      expect(before.text).toContain("Check for the call");
      expect(before.html).not.toContain("<svg role");
      await called(site.db, company);
      const { html, text } = await page(company, "/dashboard");
      expect(text).toMatch(
        /Your number works. Its first call came from \+353 87 111 2222 on \d+ \w+ \d{4}, \d\d:\d\d (GMT|IST)./,
      );
      expect(text).not.toContain("Check for the call");
      expect(text).toContain("1 call from");
      expect(html).toMatch(/<svg role="img" aria-label="Bar chart of calls a day: /);
      expect(html).not.toMatch(/<[^>]+ style=/);
    });

    test("the first call is news only for a while", async () => {
      const company = await site.fresh();
      await called(site.db, company, { at: secondsIn(0) });
      const { text } = await page(company, "/dashboard");
      expect(text).not.toContain("Your number works.");
      expect(text).toContain("+353 87 111 2222");
    });

    test("the chart's numbers are a table too", async () => {
      const company = await site.fresh();
      for (const days of [0, 0, 3, 13, 14]) {
        await called(site.db, company, { at: daysAgo(days) });
      }
      const { html } = await page(company, "/dashboard");
      const [, table = ""] = /<details>(.*?)<\/details>/s.exec(html) ?? [];
      const counts = [...table.matchAll(/<\/th><td[^>]*>(\d+)/g)].map(([, n]) => n);
      expect(counts.join("")).toBe("10000000001002");
      expect(textOf({ html })).toContain("4 calls from");
    });
  });

  describe("the log", () => {
    test("pages run from the newest to the oldest and back to the start", async () => {
      const company = await site.fresh();
      const sids: string[] = [];
      for (let i = 0; i < 60; i++) {
        sids.unshift(await called(site.db, company, { at: secondsIn(i) }));
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

    test("can be narrowed to one outcome; an unknown outcome shows all", async () => {
      const company = await site.fresh();
      for (const scenario of scenarios.slice(0, 11)) {
        const callSid = newCallSid();
        for (const event of callsOf(scenario, {
          callSid,
          company: company.id,
          to: company.number,
        })) {
          await event(site.db);
        }
      }
      const message = await page(company, "/calls?outcome=message");
      expect(message.text).toContain("Message, 8 s");
      expect(message.text).not.toContain("The caller hung up before anybody answered.");
      expect(message.html).not.toContain("api.twilio.com");
      expect(message.html).toContain('href="/calls.csv?outcome=message"');
      for (const outcome of ["", "unmatched", "nonsense", "toString"]) {
        const all = await page(company, `/calls?outcome=${outcome}`);
        expect(all.text).toContain("The caller hung up before anybody answered.");
        expect(all.text).toContain("Message, 8 s");
      }
      const none = await page(company, "/calls?outcome=in-progress");
      expect(none.text).toContain("No calls like that.");
    });

    test("lists calls by day and by kind, finds digits and days, and the export has the same calls", async () => {
      const company = await site.fresh();
      const sids = [
        await called(site.db, company, { from: "+353871234567", at: daysAgo(0) }),
        await called(site.db, company, { from: "+441614960777", at: daysAgo(1) }),
        await called(site.db, company, { from: "+353871234999", at: daysAgo(40) }),
      ];
      const day = (days: number) => daysAgo(days).toISOString().slice(0, 10);
      const { html, text } = await page(company, "/calls");
      expect(text).toMatch(/Today.*Yesterday/);
      expect(text).toContain("All 3 Missed 0 Messages 0 Answered 0 In progress 1 Unknown 2");
      expect(html).toContain('href="tel:+353871234567"');
      const ranges: [query: string, found: number[]][] = [
        ["search=1234", [0, 2]],
        ["search=087+123+4999", [2]],
        ["search=000000", []],
        ["outcome=unknown", [1, 2]],
        ["outcome=in-progress", [0]],
        [`until=${day(30)}`, [2]],
        [`since=${day(3)}&search=1234`, [0]],
      ];
      for (const [query, found] of ranges) {
        for (const path of [`/calls?${query}`, `/calls.csv?${query}`]) {
          const answer = await page(company, path);
          const shown = sids.flatMap((sid, index) => (answer.html.includes(sid) ? [index] : []));
          expect([path, shown]).toEqual([path, found]);
        }
      }
      const since = `/calls?since=${day(3)}`;
      expect((await page(company, since)).text).toContain("All 2");
    });

    test.each([
      ["since=2026-02-30&search=12", "Enter a day like 2026-11-22."],
      ["until=soon&search=12", "Enter a day like 2026-11-22."],
      ["since=2026-11-22&until=2026-11-21&search=12", "The last day must not be before the first."],
      ["search=anna&since=2026-11-22", "Type digits of the caller's number."],
    ])("says what is wrong with %s, loses nothing, and exports nothing", async (query, words) => {
      const company = await site.fresh();
      const { html, text } = await page(company, `/calls?${query}`);
      expect(text).toContain(words);
      expect(html).toMatch(/<title>Error: /);
      for (const [name, value] of new URLSearchParams(query)) {
        expect(html).toMatch(new RegExp(`name="${name}"[^>]* value="${value}"`));
      }
      const csv = await page(company, `/calls.csv?${query}`);
      expect(csv.status).toBe(302);
      expect(csv.headers.get("Location")).toContain("/calls?");
    });

    test.each(["x", "%00", "AAAA", "Z".repeat(3_000)])(
      "a cursor that is none leads to the first page: %s",
      async (cursor) => {
        const { status, headers } = await page(
          await site.fresh(),
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
    ])("a caller who withholds the number is shown as such: %j", async (from) => {
      const company = await site.fresh();
      await called(site.db, company, { from });
      for (const path of ["/dashboard", "/calls", "/calls.csv"]) {
        const { html } = await page(company, path);
        expect(html).toContain("Number withheld");
      }
    });
  });
});

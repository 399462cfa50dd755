import { describe, expect, test } from "vitest";
import { service } from "#app/domain/audit.server.ts";
import { saveCallHandling } from "#app/domain/call-handling.server.ts";
import { dayIn } from "#app/domain/days.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { makeRecoveryCodes } from "#app/domain/recovery-codes.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { called, companyWith, page, useCallSite, type Company } from "../support/call-pages.ts";
import { secondsIn } from "../support/calls.ts";
import { daysAgo } from "../support/clock.ts";
import { engines } from "../support/databases.ts";
import { textOf } from "../support/pages.ts";

describe.each(engines)("the dashboard of a company with a number, on %s", (engine) => {
  const site = useCallSite(engine);
  const takesMessages = (company: Company, greeting: string) =>
    saveCallHandling(site.db, company.id, {
      greeting,
      mode: "message",
      target: null,
      ringSeconds: 20,
      takeMessage: true,
    });

  test("says what callers hear, what the last week's calls came to, and links into the log", async () => {
    const company = await site.fresh();
    await takesMessages(company, "Good day.");
    const facts = [
      [0, { dial_result: "answered" }],
      [1, { dial_result: "answered" }],
      [2, { recording_sid: "RE1" }],
      [3, { dial_result: "busy" }],
      [6, {}],
      [7, { dial_result: "answered" }],
    ] as const;
    for (const [days, fact] of facts) {
      const call_sid = await called(site.db, company, { at: daysAgo(days) });
      await site
        .db("calls")
        .where({ call_sid })
        .update({ twilio_status: "completed", ...fact });
    }
    const { html, text } = await page(company, "/dashboard");
    expect(text).toContain("Callers hear: “Good day.”, then a request to leave a message.");
    expect(text).toMatch(/Last 7 days\s+1 Missed\s+1 Messages\s+2 Answered/);
    const since = dayIn("Europe/Dublin", daysAgo(6));
    for (const outcome of ["missed", "message", "answered"]) {
      expect(html).toContain(`href="/calls?outcome=${outcome}&amp;since=${since}"`);
    }
    expect(html).toContain(`href="tel:${company.number}"`);
    const [, table = ""] = /<details>(.*?)<\/details>/s.exec(html) ?? [];
    expect(textOf({ html: table })).toMatch(/Day\s*Calls\s*Answered\s*Message\s*Missed\s*Other/);
    const rows = [...table.matchAll(/<tr><th scope="row">(.*?)<\/tr>/gs)].map(([, row = ""]) =>
      [...row.matchAll(/<td[^>]*>(\d+)/g)].map(([, n]) => Number(n)),
    );
    expect(rows).toHaveLength(14);
    expect(rows.slice(-8)).toEqual([
      [1, 1, 0, 0, 0],
      [1, 0, 0, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
      [1, 0, 0, 0, 1],
      [1, 0, 1, 0, 0],
      [1, 1, 0, 0, 0],
      [1, 1, 0, 0, 0],
    ]);
  });

  test("three steps tick themselves off after choosing, and then they go", async () => {
    const company = await site.fresh();
    const steps = async () => {
      const { text } = await page(company, "/dashboard");
      return /Make it yours(.*)/s.exec(text)?.[1]?.replaceAll(/\s+/g, " ") ?? null;
    };
    expect(await steps()).toMatch(
      /Check what callers hear They hear: “Thank you.* Change it.* Ring your number No calls yet.*Save recovery codes With one/,
    );
    await takesMessages(company, "Good day.");
    expect(await steps()).toMatch(
      /Check what callers hear ✓ Done Ring your number No calls yet.*Save recovery codes With one/,
    );
    await makeRecoveryCodes(site.db, company.id, "", service);
    expect(await steps()).toMatch(/Ring your number No calls yet.*Save recovery codes ✓ Done/);
    await called(site.db, company);
    expect(await steps()).toMatch(/Ring your number ✓ Done Your number works/);
    await site
      .db("calls")
      .where({ company_id: company.id })
      .update({ started_at: toDatabaseTime(secondsIn(0)) });
    expect(await steps()).toBe(null);
    await site.db("recovery_codes").update({ spent_at: toDatabaseTime() });
    expect(await steps()).toMatch(/Save recovery codes With one/);
  });

  test("a demo number takes no calls, and nobody waits for one", async () => {
    const demo = "+447700900123";
    await addToPool(site.db, [demo]);
    const company = await companyWith(site.url, site.db, demo);
    const { html, text } = await page(company, "/dashboard");
    expect(text).toMatch(/Ring your number.*is a demo number: demo numbers take no calls\./s);
    expect(html).not.toContain('href="tel:');
    expect(text).not.toContain("Check for the call");
    await takesMessages(company, "");
    await makeRecoveryCodes(site.db, company.id, "", service);
    expect((await page(company, "/dashboard")).text).not.toContain("Make it yours");
  });
});

import { describe, expect, test } from "vitest";
import { toDatabaseTime } from "#app/domain/times.ts";
import { called, page, useCallSite, type Company } from "../support/call-pages.ts";
import { newCallSid, secondsIn } from "../support/calls.ts";
import { Client } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { post } from "../support/pages.ts";
import { startTwilioApi } from "../support/twilio-api.ts";

describe.each(engines)("a page of calls on %s", (engine) => {
  const site = useCallSite(engine, startTwilioApi);

  /** So many calls that somebody answered, a second after the other, before ten o'clock. */
  async function answered(company: Company, count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, index) => ({
      call_sid: newCallSid(),
      from_number: "+353871112222",
      to_number: company.number,
      company_id: company.id,
      twilio_status: "completed",
      dial_result: "answered" as const,
      started_at: toDatabaseTime(secondsIn(-1 - index)),
    }));
    await site.db.batchInsert("calls", rows, 500);
  }

  const linkIn = (html: string, pattern: RegExp) =>
    pattern.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";

  test("keeps its tab, digits, days and place after Block, Delete and Keep it", async () => {
    const company = await site.fresh();
    for (let i = 0; i < 30; i++) await called(site.db, company, { at: secondsIn(i) });
    await site.db("calls").where({ company_id: company.id }).update({ recording_sid: "RE1" });
    const filter = "outcome=message&search=1112&since=2026-11-20&until=2026-11-23";
    const first = await page(company, `/calls?${filter}`);
    const here = linkIn(first.html, /href="(\/calls\?[^"]*cursor=[^"]*)"/);
    expect(here).toContain(`${filter}&cursor=`);
    const query = here.slice("/calls".length);

    const { html } = await page(company, here);
    const toDelete = linkIn(html, /href="(\/calls\/CA\w+\/message\/delete[^"]*)"/);
    const toBlock = linkIn(html, /action="(\/calls\/CA\w+\/block[^"]*)"/);
    expect([toDelete, toBlock].map((address) => address.slice(address.indexOf("?")))).toEqual([
      query,
      query,
    ]);
    const question = await page(company, toDelete);
    expect(question.html.replaceAll("&amp;", "&").split(`href="${here}"`)).toHaveLength(3);
    expect(linkIn(question.html, /action="(\/calls\/CA[^"]*)"/)).toBe(toDelete);

    const blocked = await post(company.client, toBlock, { block: "yes" });
    expect([blocked.status, blocked.location]).toEqual([302, here]);
    const { headers, cookies } = company.client;
    const jar = { Cookie: `${headers["Cookie"]}; news=${cookies.get("news")}` };
    const told = await page({ client: new Client(site.url, jar) }, here);
    expect(told.text).toContain("The caller is blocked");
    expect(told.html).toMatch(
      new RegExp(`href="${here.replaceAll("&", "&amp;").replaceAll("?", "\\?")}"[^>]*>Dismiss`),
    );
    expect(told.html).not.toContain("/block?");
    // Whoever comes back to it by hand, or from signing in.
    expect((await page(company, toBlock)).headers.get("Location")).toBe(here);

    const deleted = await post(company.client, toDelete, { sure: "yes" });
    expect([deleted.status, deleted.location]).toEqual([302, here]);
    expect((await page(company, toDelete)).headers.get("Location")).toBe(here);
  });

  test("leads only to calls, whatever the address says", async () => {
    const company = await site.fresh();
    const callSid = await called(site.db, company);
    const odd = "outcome=//evil.example&cursor=%0d%0ax:y&redirectTo=https://evil.example&page=2";
    const { status, location } = await post(company.client, `/calls/${callSid}/block?${odd}`, {});
    expect([status, location]).toEqual([302, "/calls?cursor=%0D%0Ax%3Ay"]);
  });

  test("counts to a thousand and then says that there are more", async () => {
    const company = await site.fresh();
    await answered(company, 1_000);
    expect((await page(company, "/calls")).text).toContain(
      "All 1,000 Missed 0 Messages 0 Answered 1,000",
    );
    await called(site.db, company);
    await answered(company, 1);
    const { text } = await page(company, "/calls");
    expect(text).toContain("All 1,000+ Missed 0 Messages 0 Answered 1,000+ In progress 1");
    const searched = await page(company, "/calls?search=777");
    expect(searched.text).toMatch(/All Missed Messages Answered In progress/);
  });

  test("says “Search on” if a search leaves it short and more follow, and nothing at the end", async () => {
    const company = await site.fresh();
    await answered(company, 5_010);
    const old = secondsIn(-6_000);
    const caller = "+441614960777";
    const sid = await called(site.db, company, { from: caller, at: old });
    await called(site.db, company, { from: caller });
    const first = await page(company, "/calls?search=0161+496");
    expect(first.text).toContain("+44 161 496 0777");
    expect(first.text).not.toContain("Older calls");
    expect(first.html).not.toContain(sid);
    const on = linkIn(first.html, /href="(\/calls\?[^"]*cursor=[^"]*)"[^>]*>Search on/);
    const rest = await page(company, on);
    expect(rest.html).toContain(sid);
    expect(rest.text).not.toContain("Search on");
    expect(rest.text).toContain("Newest calls");

    const none = await page(company, "/calls?search=99999");
    expect(none.text).toContain("None among the calls looked at so far.");
    const last = await page(
      company,
      linkIn(none.html, /href="([^"]*cursor=[^"]*)"[^>]*>Search on/),
    );
    expect(last.text).toContain("No calls like that.");
    expect(last.text).not.toContain("Search on");
  });
});

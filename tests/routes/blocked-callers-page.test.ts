import { describe, expect, test } from "vitest";
import { blockedCallers, mostBlocked } from "#app/domain/blocked-callers.server.ts";
import { Client } from "../support/client.ts";
import { called, useCallSite, type Company } from "../support/call-pages.ts";
import { engines } from "../support/databases.ts";
import { get, post, textOf } from "../support/pages.ts";

const here = "/settings/calls/blocked";

describe.each(engines)("the page of who may not call on %s", (engine) => {
  const site = useCallSite(engine);
  const blocked = async ({ id }: Company) =>
    (await blockedCallers(site.db, id)).map(({ caller }) => caller);
  const news = async (company: Company) => {
    const { client } = company;
    const page = await client.fetch(here, {
      headers: { Cookie: `${client.headers.Cookie}; news=${client.cookies.get("news")}` },
    });
    return textOf({ html: await page.text() });
  };

  test.each([
    "+353 (0)87 333-4444",
    "00353 87 333 4444",
    " tel:+353-87-333-4444 ",
    "\u202A+٣٥٣ 87 3334444\u202C",
  ])("a number that is typed as %j is blocked, once, and the block lifted", async (typed) => {
    const company = await site.fresh();
    for (let times = 0; times < 2; times++) {
      expect((await post(company.client, here, { number: typed })).location).toBe(here);
      expect(await blocked(company)).toEqual(["+353873334444"]);
    }
    expect(await news(company)).toContain("The caller is blocked.");
    const { caller_blocked } = await site
      .db("audit_events")
      .where({ company_id: company.id, event: "caller-blocked" })
      .count({ caller_blocked: "*" })
      .first<{ caller_blocked: number }>();
    expect(Number(caller_blocked)).toBe(1);
    expect((await post(company.client, here, { caller: "+353873334444" })).location).toBe(here);
    expect(await blocked(company)).toEqual([]);
  });

  test.each([
    ["", "Enter a phone number with its country code"],
    ["087 333 4444", "Enter a phone number with its country code"],
    ["everybody", "Enter a phone number with its country code"],
    ["+266696687", "where the number is withheld. Choose what becomes of such calls instead."],
  ])("%j is refused at its field, and stays there: %s", async (typed, error) => {
    const company = await site.fresh();
    const page = await post(company.client, here, { number: typed });
    expect([page.status, page.title]).toEqual([400, expect.stringMatching(/^Error: Who may not/)]);
    expect(page.html).toContain('<a href="#number">');
    expect(page.html).toContain('id="number-error"');
    expect(page.html).toContain(`value="${typed}"`);
    expect(textOf(page).split(error)).toHaveLength(3);
    expect(await blocked(company)).toEqual([]);
  });

  test("too many are refused with an explanation, from the page and from a call", async () => {
    const company = await site.fresh();
    const rows = Array.from({ length: mostBlocked }, (_, index) => ({
      company_id: company.id,
      caller: `+35387${1_000_000 + index}`,
      blocked_at: "2026-11-22 10:00:00",
    }));
    await site.db.batchInsert("blocked_callers", rows, 100);
    const words = "You have blocked 1,000 callers: lift a block first.";
    const page = await post(company.client, here, { number: "+353873334444" });
    expect([page.status, textOf(page).split(words).length]).toEqual([400, 3]);
    const callSid = await called(site.db, company);
    const answer = await post(company.client, `/calls/${callSid}/block`, {});
    expect([answer.status, textOf(answer)]).toEqual([409, expect.stringContaining(words)]);
    expect(await blocked(company)).toHaveLength(mostBlocked);
  });

  test("typed after the session has ended, the number is there after log-in", async () => {
    const company = await site.fresh();
    const visitor = new Client(site.url);
    const form = { number: "+353873334444", form_owner: String(company.id) };
    const sent = await visitor.fetch(here, { method: "POST", body: new URLSearchParams(form) });
    expect(sent.headers.get("Location")).toContain(
      "/login?redirectTo=%2Fsettings%2Fcalls%2Fblocked",
    );
    const shown = await company.client.fetch(here, {
      headers: {
        Cookie: `${company.client.headers.Cookie}; kept-form=${visitor.cookies.get("kept-form")}`,
      },
    });
    expect(await shown.text()).toContain('value="+353873334444"');
    expect(await blocked(company)).toEqual([]);
  });

  test("one company's blocks do not affect another", async () => {
    const [one, other] = [await site.fresh(), await site.fresh()];
    await post(one.client, here, { number: "+353873334444", form_owner: String(other.id) });
    expect(await blocked(other)).toEqual([]);
    expect(textOf(await get(other.client, here))).toContain("Nobody is blocked.");
    await post(other.client, here, { caller: "+353873334444" });
    expect(await blocked(one)).toEqual(["+353873334444"]);
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { Client } from "../support/client.ts";
import { assignmentsInBothTables, insertCompany } from "../support/companies.ts";
import { engines } from "../support/databases.ts";
import { get, post, textOf, type Page } from "../support/pages.ts";
import { openSite, type Site } from "../support/site.ts";

const offered = ({ html }: Page) =>
  [...html.matchAll(/name="phone_number"[^>]*value="([^"]+)"/g)].map(([, number]) => number);

/** The values of the radios that are selected to begin with. */
const checked = ({ html }: Page) =>
  [...html.matchAll(/<input type="radio"[^>]*>/g)]
    .filter(([radio]) => radio.includes("checked"))
    .map(([radio]) => /value="([^"]*)"/.exec(radio)?.[1]);

describe.each(engines)("choosing a number on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  test("the page is the dashboard, inert, with the modal open on it", async () => {
    await site.freshNumbers(1);
    const { client } = await site.signedUp();
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
    const numbers = await site.freshNumbers(45);
    const last = numbers.at(-1) ?? "";
    const { client } = await site.signedUp();
    const show = async (query: string) => get(client, `/dashboard/choose-number${query}`);
    expect(offered(await show(""))).toHaveLength(30);
    expect(offered(await show("?show=40"))).toHaveLength(40);
    for (const silly of ["-1", "0", "1e9", "x", "2.5", "NaN", ""]) {
      const page = await show(`?show=${silly}`);
      expect(page.status).toBe(200);
      expect(offered(page).length).toBeGreaterThanOrEqual(30);
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
    expect(offered(letters)).toHaveLength(30);
  });

  test("numbers are narrowed to a country and to what is easy to remember, and each says what it is", async () => {
    await site.freshNumbers(30);
    const canadian = ["+14165557777", "+14165550139", "+14165550151"];
    await addToPool(site.db, canadian);
    const { client } = await site.signedUp();
    const show = async (query: string) => get(client, `/dashboard/choose-number${query}`);
    const all = await show("");
    expect(all.html).toContain('href="/dashboard/choose-number?country=CA"');
    expect(textOf(all)).toContain("Easy to remember");
    const canada = await show("?country=ca");
    expect(offered(canada)).toEqual(canadian);
    expect(textOf(canada)).toContain("3 numbers match");
    expect(textOf(canada)).toContain("+1 416 555 7777 Canada");
    expect(textOf(canada)).not.toContain("Canada ·");
    expect(canada.html).toMatch(/<input type="hidden" name="country" value="CA"/);
    expect(offered(await show("?country=CA&memorable=1"))).toEqual(canadian.slice(0, 1));
    expect(offered(await show("?country=CA&search=0139"))).toEqual(canadian.slice(1, 2));
    expect(textOf(await show("?country=CA&search=0139999"))).toContain(
      "No numbers of this choice contain 0139999. Try fewer digits, or another choice above.",
    );
    expect(offered(await show("?country=XX"))).toHaveLength(30);
    expect(offered(await show("?after=garbage"))).toHaveLength(30);
  });

  test("a company's list always begins at the same place, and another's elsewhere", async () => {
    await site.freshNumbers(45);
    const lists = new Set<string>();
    for (let company = 1; company <= 5; company++) {
      const { client } = await site.signedUp();
      const [once, again] = await Promise.all(
        [1, 2].map(async () => offered(await get(client, "/dashboard/choose-number")).join()),
      );
      expect(again).toBe(once);
      lists.add(once!);
    }
    expect(lists.size).toBeGreaterThan(1);
  });

  test("nothing chosen is a 400 that says so", async () => {
    await site.freshNumbers(1);
    const { client } = await site.signedUp();
    const skippable = await post(client, "/dashboard/choose-number", {});
    expect(skippable.status).toBe(400);
    expect(skippable.title).toMatch(/^Error: Choose Your Phone Number/);
    expect(textOf(skippable)).toContain("Select a phone number, or skip for now.");
    const inSettings = await post(client, "/settings/phone/choose", {});
    expect(textOf(inSettings)).toContain("Select a phone number.");
  });

  test("a number is assigned once, and sending it again is the same good answer", async () => {
    const [number = ""] = await site.freshNumbers(1);
    const { client, id } = await site.signedUp();
    const stranger = await insertCompany(site.db);
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
    const { pool, companies } = await assignmentsInBothTables(site.db);
    expect(pool).toContainEqual([id, number]);
    expect(companies.map(([company]) => company)).not.toContain(stranger);
  });

  test("both choose pages send a company with a number to where it sees it", async () => {
    const [number = "", other = ""] = await site.freshNumbers(2);
    const { client } = await site.signedUp();
    await post(client, "/dashboard/choose-number", { phone_number: number });
    for (const path of ["/dashboard/choose-number", "/settings/phone/choose"]) {
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
    const [taken = "", next = ""] = await site.freshNumbers(2);
    await assignPhoneNumber(site.db, await insertCompany(site.db), taken);
    const { client } = await site.signedUp();
    const digits = "86000";
    const page = await post(client, `/dashboard/choose-number?search=${digits}&show=500`, {
      phone_number: taken,
    });
    expect(page.status).toBe(409);
    expect(textOf(page)).toMatch(/\+353 86 \d{3} \d{4} is no longer available\. Choose another\./);
    expect(page.html).toContain(`value="${digits}"`);
    expect(offered(page)).not.toContain(taken);
    expect(offered(page)).toContain(next);
    expect(checked(page)).toEqual([""]);
  });

  test.each(["", "+999999", "garbage", "<b>", "+353 86 000 0000 0000 0000"])(
    "a number that is not in the pool gets a plain message: %j",
    async (phone_number) => {
      await site.freshNumbers(1);
      const { client, id } = await site.signedUp();
      const page = await post(client, "/dashboard/choose-number", {
        phone_number,
      });
      expect(page.status).toBe(phone_number === "" ? 400 : 409);
      expect(textOf(page)).toMatch(/Select a phone number|no longer avail/);
      const { companies } = await assignmentsInBothTables(site.db);
      expect(companies.map(([company]) => company)).not.toContain(id);
    },
  );

  test("the script of the page gets the outcome without a redirect", async () => {
    const [number = ""] = await site.freshNumbers(1);
    const { client } = await site.signedUp();
    const page = await post(client, "/dashboard/choose-number.data", {
      phone_number: number,
      answer: "data",
    });
    expect(page.status).toBe(200);
    expect(page.html).toContain('"assigned"');
    expect(page.html).toContain(number);
  });

  test("the longest list says how to find the rest", async () => {
    const large = await openSite(engine);
    await large.freshNumbers(501);
    const { client } = await large.signedUp();
    const longest = await get(client, "/dashboard/choose-number?show=500");
    expect(offered(longest)).toHaveLength(500);
    expect(longest.html).toContain("Ireland · mobile");
    expect(textOf(longest)).toContain("Showing 500 of 501");
    expect(textOf(longest)).toContain("Search to narrow it down.");
    expect(textOf(longest)).not.toContain("Show more numbers");
    const searched = await get(client, "/dashboard/choose-number?search=35386");
    expect(textOf(searched)).toContain("More than 30 numbers match. Showing the first 30.");
    const shorter = await get(client, "/dashboard/choose-number?show=499");
    expect(textOf(shorter)).toContain("Show more numbers");
    expect(textOf(shorter)).not.toContain("Search to narrow");
  });

  test("a stranger's choice goes nowhere", async () => {
    const [number = ""] = await site.freshNumbers(1);
    const page = await post(new Client(site.url), "/dashboard/choose-number", {
      phone_number: number,
    });
    expect([page.status, page.location]).toEqual([
      302,
      "/login?redirectTo=%2Fdashboard%2Fchoose-number&signed-out=1",
    ]);
    expect(textOf(await get(new Client(site.url), page.location ?? ""))).toContain(
      "You were signed out. Log in to go on.",
    );
  });
});

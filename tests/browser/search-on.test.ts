import { beforeAll, describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { launchBrowser } from "../support/browser.ts";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { modal, openModal, rows, type Site } from "./visitor.ts";

const soFar = "Nothing so far. Not all numbers have been looked through.";

let site: Site;
beforeAll(async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const db = openDatabase(databaseUrl);
  await fillPool(db, 1_000);
  // A page looks through 700 numbers and 256 shelves; here each holds one number.
  await db.raw("update numbers_on_offer set shelf = id");
  site = { db, url: (await startServer({ databaseUrl })).url };
});

/** The last number in the newest company's list, which begins just after it. */
async function lastOfAll() {
  const { id } = (await site.db("companies").orderBy("id", "desc").first("id"))!;
  const { from } = await surveyOffer(site.db, {}, `company ${id}`);
  const before = site.db("numbers_on_offer").orderBy("id", "desc");
  const { phone_number } = ((await before
    .clone()
    .where("id", "<", from!.id)
    .first("phone_number")) ?? (await before.first("phone_number")))!;
  return { digits: phone_number.slice(-4), shown: formatPhoneNumber(phone_number) };
}

test.each([true, false])(
  "a search that does not end on one page says so, and can be continued (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(await launchBrowser(), site, { javaScript });
    const last = await lastOfAll();
    await page.fill("#search", last.digits);
    await modal(page).getByText("Search", { exact: true }).click();
    await modal(page).getByText(soFar).waitFor();
    expect(await rows(page).count()).toBe(0);
    expect(await modal(page).innerText()).not.toContain("No numbers");
    await modal(page).getByText("Search on").click();
    await modal(page).getByText(last.shown).waitFor();
    expect(await modal(page).getByRole("status").innerText()).toBe("1 number matches");
    expect(await modal(page).getByText("Search on").count()).toBe(0);
  },
);

describe.each(textBrowsers.filter(isInstalled))("%s", (program) => {
  test("finds it by “Search on”, too", async () => {
    const company = aCompany();
    await new Client(site.url).signUp(company);
    const last = await lastOfAll();
    const search = encodeURIComponent(`/dashboard/choose-number?search=${last.digits}`);
    const browser = new TextBrowser(program, `'${site.url}/login?redirectTo=${search}'`);
    await browser.shows("Password");
    await browser.fill("Email address", company["email"]!, company["password"]!);
    await browser.goOn();
    browser.pressHere();
    await browser.shows(soFar);
    await browser.press("Search on");
    await browser.shows(last.shown);
  });
});

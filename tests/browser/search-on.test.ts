import { beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { modal, openModal, rows, type Site } from "./visitor.ts";

/** The pool's last number, beyond what one page looks through. */
const last = { digits: "0899", shown: "+353 86 000 0899" };
const soFar = "Nothing so far. Not all numbers have been looked through.";

let site: Site;
beforeAll(async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  const db = openDatabase(databaseUrl);
  await fillPool(db, 900);
  // A page looks through 256 shelves; here each holds one number.
  await db.raw("update numbers_on_offer set shelf = id");
  site = { db, url: (await startServer({ databaseUrl })).url };
});

test.each([true, false])(
  "a search that one page does not end says so, and goes on (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(await launchBrowser(), site, { javaScript });
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

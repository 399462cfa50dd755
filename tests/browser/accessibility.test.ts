import type { Browser } from "playwright-core";
import { beforeAll, describe, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { expectNoFindings } from "./findings.ts";
import {
  confirm,
  modal,
  openModal,
  ready,
  rows,
  startSite,
  takeNumber,
  visit,
  type Site,
} from "./visitor.ts";

let browser: Browser;
let site: Site;
let empty: Site;
beforeAll(async () => {
  browser = await launchBrowser();
  site = await startSite(100);
  empty = await startSite(0);
});

describe.each([
  { scriptsCome: true, width: 1280, colorScheme: "light" },
  { scriptsCome: true, width: 320, colorScheme: "dark" },
  { scriptsCome: false, width: 320, colorScheme: "light" },
  { scriptsCome: false, width: 1280, colorScheme: "dark" },
] as const)("axe, with scripts $scriptsCome at $width px, $colorScheme", (options) => {
  test("the public pages and their errors", async () => {
    const page = await visit(browser, site, "/", options);
    await expectNoFindings(page);
    for (const path of ["/nowhere", "/login?redirectTo=/settings"]) {
      await page.goto(path);
      await expectNoFindings(page);
    }
    for (const path of ["/login", "/signup"]) {
      await page.goto(path);
      await expectNoFindings(page);
      await page.click("main form > button");
      await page.waitForSelector(".error-summary");
      await expectNoFindings(page);
    }
  });

  test("the modal in each of its states", async () => {
    const page = await openModal(browser, site, options);
    await expectNoFindings(page);
    await confirm(page).click();
    await modal(page).getByRole("alert").waitFor();
    await expectNoFindings(page);
    await rows(page).nth(1).click();
    await expectNoFindings(page);
    const value = await rows(page).nth(1).locator("input").inputValue();
    await takeNumber(site.db, value);
    await confirm(page).click();
    await modal(page).getByText("no longer available").waitFor();
    await expectNoFindings(page);
    for (const search of ["777777", "abc", "86"]) {
      await page.goto(`/dashboard/choose-number?search=${search}`);
      await expectNoFindings(page);
    }
    await page.goto("/settings/phone/choose?show=30");
    await expectNoFindings(page);
    const poor = await openModal(browser, empty, options);
    await expectNoFindings(poor);
  });

  test("the private pages, without a number and with one", async () => {
    const page = await openModal(browser, site, options);
    for (const path of ["/dashboard", "/settings", "/settings/phone"]) {
      await page.goto(path);
      await expectNoFindings(page);
    }
    await page.goto("/dashboard/choose-number");
    await ready(page);
    await rows(page).first().click();
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    await expectNoFindings(page);
    for (const path of ["/dashboard", "/settings/phone"]) {
      await page.goto(path);
      await expectNoFindings(page);
    }
  });
});

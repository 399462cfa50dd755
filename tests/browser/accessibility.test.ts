import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { expectNoFindings } from "./findings.ts";
import {
  confirm,
  modal,
  openModal,
  ready,
  rows,
  signUp,
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
    for (const path of ["/nowhere", "/login?redirectTo=/settings", "/reset/x", "/verify/x"]) {
      await page.goto(path);
      await expectNoFindings(page);
    }
    for (const path of ["/login", "/signup", "/forgot"]) {
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
    await page.goto("/settings/phone/choose?show=60");
    await expectNoFindings(page);
    const poor = await openModal(browser, empty, options);
    await expectNoFindings(poor);
  });

  test("recovery codes, and the page that they lead to", async () => {
    const page = await visit(browser, site, "/", options);
    const { email = "", password = "" } = await signUp(page);
    await page.goto("/settings/security");
    await expectNoFindings(page);
    await page.fill("[name=password]", password);
    await page.click("text=Make recovery codes");
    await page.waitForSelector(".codes");
    await expectNoFindings(page);
    const [code = ""] = await page.locator(".codes code").allTextContents();
    const download = page.waitForEvent("download");
    await page.click("text=Save as text");
    const file = readFileSync(await (await download).path(), "utf8");
    expect(file).toContain(`${code}\r\n`);
    expect(file.split("\r\n")).toHaveLength(14);
    await page.goto("/forgot");
    await page.fill("[name=email]", email);
    await page.fill("[name=code]", code);
    await page.click("text=Continue");
    await page.waitForURL("**/reset/*");
    await expectNoFindings(page);
  });

  test("the private pages, without a number and with one", async () => {
    const page = await openModal(browser, site, options);
    for (const path of ["/dashboard", "/settings", "/settings/phone", "/settings/email"]) {
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

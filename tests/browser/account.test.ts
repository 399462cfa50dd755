import { beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { expectNoFindings } from "./findings.ts";
import { ready, signUp, startSite, type Site } from "./visitor.ts";

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await launchBrowser();
  site = await startSite(1);
});

test("a browser's time zone comes with the sign-up, and the pages of the account are accessible", async () => {
  const context = await browser.newContext({
    timezoneId: "Asia/Tokyo",
    baseURL: site.url,
    viewport: { width: 320, height: 800 },
  });
  const page = await context.newPage();
  await signUp(page);
  expect(await site.db("company_time_zones").pluck("time_zone")).toEqual(["Asia/Tokyo"]);
  for (const path of [
    "account",
    "account/close",
    "security",
    "security/password",
    "security/sessions",
  ]) {
    await page.goto(`/settings/${path}`);
    await ready(page);
    await expectNoFindings(page);
    const { scrollWidth } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
    }));
    expect(scrollWidth, path).toBeLessThanOrEqual(320);
  }
  await context.close();
});

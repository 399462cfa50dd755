import { expect, test } from "vitest";
import { companyWithNumber, fitsItsWidth, manyCalls, open, useCalledSite } from "./called-site.ts";
import { ready } from "./visitor.ts";

useCalledSite();

const busyPages = [
  "/dashboard",
  "/calls",
  "/settings",
  "/settings/account",
  "/settings/calls",
  "/settings/calls/blocked",
  "/settings/security",
  "/settings/security/sessions",
  "/settings/tokens",
  "/api/docs",
];

test.each([640, 412])("text of 32 pixels fits, in a window of %i", async (width) => {
  const company = await companyWithNumber();
  await manyCalls(company);
  const page = await open(company, "/dashboard", { width });
  const browser = await page.context().newCDPSession(page);
  await browser.send("Page.setFontSizes", { fontSizes: { standard: 32 } });
  for (const path of busyPages) {
    await page.goto(path);
    await ready(page);
    const size = await page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
    expect([path, size, await fitsItsWidth(page)]).toEqual([path, "32px", true]);
  }
});

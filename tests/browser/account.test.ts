import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { ready, signUp, useSite } from "./visitor.ts";

const site = useSite(1);

test("a browser's time zone comes with the sign-up", async () => {
  const browser = await launchBrowser();
  const page = await browser.newPage({ timezoneId: "Asia/Tokyo", baseURL: site.url });
  await signUp(page);
  expect(await site.db("company_time_zones").pluck("time_zone")).toEqual(["Asia/Tokyo"]);
});

test.each([true, false])(
  "recovery codes can be saved, and one of them leads to a new password (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.visit("/", { javaScript });
    const { email = "", password = "" } = await signUp(page);
    await page.goto("/settings/security");
    await ready(page);
    await page.fill("[name=password]", password);
    await page.click("text=Make recovery codes");
    await page.waitForSelector(".codes");
    await ready(page);
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
    await page.getByRole("heading", { name: "Choose a new password" }).waitFor();
  },
);

import type { Browser } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { launchBrowser, newPage } from "./browser.ts";
import { findChromium } from "./chromium.ts";
import { expectConsoleError } from "./console.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

const html = `data:text/html,<p>static</p><script>document.querySelector("p").textContent = "scripted"</script>`;

test.each([
  { javaScript: true, text: "scripted" },
  { javaScript: false, text: "static" },
])("a page with JavaScript $javaScript is $text", async (example) => {
  const page = await newPage(browser, {
    javaScript: example.javaScript,
    width: 375,
    colorScheme: "dark",
  });
  await page.goto(html);
  expect(await page.textContent("p")).toBe(example.text);
  expect(page.viewportSize()?.width).toBe(375);
});

test("a page has its width and colour scheme, and text takes up room", async () => {
  const page = await newPage(browser, {
    javaScript: true,
    width: 320,
    colorScheme: "dark",
  });
  await page.goto("data:text/html,<meta name=viewport><span>Wide</span>");
  expect(
    await page.evaluate(() => [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches]),
  ).toEqual([320, true]);
  expect((await page.locator("span").boundingBox())?.width).toBeGreaterThan(10);
});

test("what a page throws is a console.error of the test", async () => {
  expectConsoleError("thrown in the page");
  const page = await newPage(browser, {
    javaScript: true,
    width: 800,
    colorScheme: "light",
  });
  const thrown = page.waitForEvent("pageerror");
  await page.goto("data:text/html,<script>throw new Error('thrown in the page')</script>");
  await thrown;
});

test("a CHROMIUM_PATH that does not start is one line that says what to do", async () => {
  await expect(findChromium("/nowhere/chromium")).rejects.toThrow(
    /^Chromium does not start here \(\/nowhere\/chromium is not there\)\. Set CHROMIUM_PATH to [^\n]*$/,
  );
});

import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { callHandlingOf } from "#app/domain/call-handling.server.ts";
import {
  companyWithNumber,
  fitsItsWidth,
  manyCalls,
  open,
  openListening,
  rings,
  site,
  useCalledSite,
} from "./called-site.ts";
import { expectNoFindings } from "./findings.ts";
import { focused, ready } from "./visitor.ts";

useCalledSite();

const proof = /^Your number works\. Its first call came from \+353 87 111 2222/;

const ringStatus = (page: Page) =>
  page.getByRole("region", { name: "Make it yours" }).getByRole("status");

describe("the ring test", () => {
  test("shows the call by itself, is read out, and leaves focus where it is", async () => {
    const company = await companyWithNumber();
    const page = await openListening(company);
    const status = ringStatus(page);
    expect(await status.innerText()).toBe(`No calls yet. Call ${company.shown} to test it.`);
    await page.getByText("Leave this page open").waitFor();
    expect(await page.getByText("Check for the call").count()).toBe(0);
    await page.locator("nav >> text=Settings").focus();
    const region = await status.elementHandle();

    await rings(company);
    await page.getByText("Your number works.").waitFor();
    expect(await status.innerText()).toMatch(proof);
    // A live region that appears together with its news is not read out.
    expect(await status.evaluate((now, before) => now === before, region)).toBe(true);
    expect(await focused(page)).toBe("Settings");
    expect(new URL(page.url()).pathname).toBe("/dashboard");
    await page.getByRole("table", { name: "Recent calls" }).waitFor();
    await page.getByRole("img", { name: /^Bar chart of calls/ }).waitFor();
    await expectNoFindings(page);
  });

  test("without JavaScript a link asks again", async () => {
    const company = await companyWithNumber();
    const page = await open(company, "/dashboard", { javaScript: false });
    await page.getByText("Check for the call").click();
    await page.getByText("No calls yet.").waitFor();
    await rings(company);
    await page.getByText("Check for the call").click();
    await page.getByText("Your number works.").waitFor();
    expect(await ringStatus(page).innerText()).toMatch(proof);
    expect(await page.getByText("Check for the call").count()).toBe(0);
  });

  test("if the server sends no events, a link asks again", async () => {
    const company = await companyWithNumber();
    const page = await open(company, "/login");
    await page.route("**/dashboard/ring-test", (route) =>
      route.fulfill({ status: 429, body: "Too many" }),
    );
    await page.goto("/dashboard");
    const link = page.getByText("Check for the call");
    await link.and(page.locator("a")).waitFor();
    await page.getByText("Leave this page open").waitFor({ state: "detached" });
    await link.waitFor();
    await rings(company);
    await link.click();
    await page.getByText("Your number works.").waitFor();
  });

  test("another company's call changes nothing", async () => {
    const [company, other] = [await companyWithNumber(), await companyWithNumber()];
    const page = await openListening(company);
    await rings(other);
    const theirs = await open(other, "/dashboard");
    await theirs.getByText("Your number works.").waitFor();
    await page.reload();
    expect(await ringStatus(page).innerText()).toMatch(/^No calls yet/);
  });
});

describe.each([
  { javaScript: true, width: 1280 },
  { javaScript: true, width: 320 },
  { javaScript: false, width: 1280 },
  { javaScript: false, width: 320 },
])("with JavaScript $javaScript at $width px", (options) => {
  test("call handling is set in Settings, and counts for the next call", async () => {
    const company = await companyWithNumber();
    const page = await open(company, "/settings", options);
    await page.click("main >> text=Call handling");
    await page.waitForURL("**/settings/calls");
    await ready(page);
    expect(await page.inputValue("#greeting")).toBe("Thank you for calling Acme.");
    const target = (name: string) => page.locator(`[name=${name}]`);
    for (const name of ["phone", "sip_address", "stream_url", "ring_seconds"]) {
      expect(await target(name).isVisible()).toBe(!options.javaScript);
    }
    await page.getByLabel("Ring a SIP address").check();
    expect(await target("sip_address").isVisible()).toBe(true);
    expect(await target("phone").isVisible()).toBe(!options.javaScript);
    await target("sip_address").fill("not one");
    expect(await fitsItsWidth(page)).toBe(true);
    await page.click("text=Save");
    await page.waitForSelector(".error-summary");
    await ready(page);
    expect(await page.title()).toMatch(/^Error: Call handling/);
    if (options.javaScript) {
      expect(await focused(page)).toMatch(/^There is a problem/);
    }
    expect(await target("sip_address").inputValue()).toBe("not one");
    expect(await target("sip_address").getAttribute("aria-invalid")).toBe("true");
    await page.click(".error-summary >> text=Enter a SIP address");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe(
      "sip_address",
    );
    expect(await fitsItsWidth(page)).toBe(true);

    await target("sip_address").fill("sip:desk@example.com");
    await target("ring_seconds").fill("30");
    await page.getByLabel("Language", { exact: true }).selectOption("German (Germany)");
    await page.getByLabel("Take a message when nobody answers").uncheck();
    await page.click("text=Save");
    await page.waitForURL("**/settings/calls");
    await ready(page);
    expect(await page.textContent(".banner p")).toBe("Saved.");
    expect(await page.title()).toMatch(/^Call handling/);
    expect(await callHandlingOf(site.db, company.id)).toEqual({
      greeting: "Thank you for calling Acme.",
      mode: "sip",
      target: "sip:desk@example.com",
      ringSeconds: 30,
      takeMessage: false,
      language: "de-DE",
    });
    await page.click("text=Dismiss");
    await page.waitForSelector(".banner", { state: "detached" });
    expect(await target("sip_address").inputValue()).toBe("sip:desk@example.com");
  });

  test("the log is paged, filtered and downloaded", async () => {
    const company = await companyWithNumber();
    await manyCalls(company);
    const page = await open(company, "/dashboard", options);
    await page.click("nav >> text=Calls");
    await page.waitForURL("**/calls");
    const rows = page.locator("tbody tr:not(.day)");
    await page.waitForSelector("h1:text-is('Calls')");
    expect(await rows.count()).toBe(25);
    expect(await fitsItsWidth(page)).toBe(true);
    expect(await page.getByRole("table").ariaSnapshot()).toContain('rowheader "Number withheld"');
    await page.click("text=Older calls");
    await page.waitForURL("**/calls?cursor=*");
    await page.getByText("Newest calls").waitFor();
    expect(await rows.count()).toBe(15);
    await page.click("text=Newest calls");
    await page.waitForURL("**/calls");
    await page.getByText("Older calls").waitFor();

    const kinds = page.getByRole("navigation", { name: "Kinds of calls" });
    await kinds.getByRole("link", { name: "Unknown" }).click();
    await page.waitForURL("**/calls?outcome=unknown");
    await page.getByRole("table", { name: "Unknown" }).waitFor();
    expect(await rows.count()).toBe(13);
    expect(await kinds.locator("[aria-current=page]").innerText()).toBe("Unknown 13");
    const downloading = page.waitForEvent("download");
    await page.click("text=Download as CSV");
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^calls-.*\.csv$/);
    const csv = readFileSync(await download.path(), "utf8");
    expect(csv.trim().split("\r\n")).toHaveLength(14);
  });
});

test("the keyboard alone sets call handling and finds a call", async () => {
  const company = await companyWithNumber();
  await manyCalls(company);
  const page = await open(company, "/settings/calls");
  const tabTo = async (selector: string) => {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const there = await page.evaluate(
        (wanted) => document.activeElement?.matches(wanted),
        selector,
      );
      if (there) return;
    }
    throw new Error(`Tab does not come to ${selector}`);
  };
  await tabTo("#greeting");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Good day.");
  await tabTo("[name=mode]:checked");
  await page.keyboard.press("ArrowUp");
  await tabTo("[name=stream_url]");
  await page.keyboard.type("wss://agent.example.com/calls");
  await tabTo("[name=take_message]");
  await page.keyboard.press("Space");
  await tabTo("main form > button");
  await page.keyboard.press("Enter");
  await page.getByText("Saved.").waitFor();
  expect(await callHandlingOf(site.db, company.id)).toMatchObject({
    greeting: "Good day.",
    mode: "stream",
    target: "wss://agent.example.com/calls",
    takeMessage: false,
  });

  await page.goto("/calls");
  await ready(page);
  await tabTo("[aria-label='Kinds of calls'] a[href*='outcome=m']");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\?outcome=m/);
  await tabTo("#search");
  await page.keyboard.type("777");
  await page.keyboard.press("Enter");
  await page.waitForURL(/search=777/);
  await page.goto("/dashboard");
  await ready(page);
  await tabTo("summary");
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Calls on each day" }).waitFor();
});

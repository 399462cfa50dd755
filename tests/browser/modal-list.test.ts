import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  chosen,
  confirm,
  modal,
  openModal,
  problem,
  rows,
  startSite,
  takeNumber,
  valueOf,
  type Site,
} from "./visitor.ts";

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await launchBrowser();
  site = await startSite(600);
});

test.each([true, false])(
  "a search narrows the list and can be cleared (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
    await page.fill("#search", "999888");
    await modal(page).getByText("Search", { exact: true }).click();
    await modal(page).getByText("No numbers contain 999888. Try fewer digits.").waitFor();
    expect(await rows(page).count()).toBe(0);
    await modal(page).getByText("Clear").click();
    await rows(page).first().waitFor();
    expect(await page.inputValue("#search")).toBe("");
    expect(await rows(page).count()).toBe(10);
    expect(await modal(page).getByRole("status").innerText()).toMatch(
      /^Showing 10 of 5\d\d$|^Showing 10 of 600$/,
    );
    if (javaScript) {
      expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("search");
    }
  },
);

test("a search that hides the selected number takes the selection away", async () => {
  const page = await openModal(browser, site);
  await rows(page).first().click();
  await page.fill("#search", "0599");
  await page.press("#search", "Enter");
  await page.waitForFunction(
    () => document.querySelector(".modal-footer button")?.textContent === "Confirm",
  );
  await page.fill("#search", "");
  await page.press("#search", "Enter");
  await page.waitForFunction(
    () => document.querySelectorAll("label.row:not(.none-yet)").length === 10,
  );
  expect(await confirm(page).innerText()).toBe("Confirm");
  expect(await chosen(page)).toBe("");
});

test("showing more keeps the place and the selection", async () => {
  const page = await openModal(browser, site);
  await rows(page).nth(8).click();
  const label = await confirm(page).innerText();
  const more = modal(page).getByText("Show more numbers");
  await more.scrollIntoViewIfNeeded();
  const scrolled = () => page.evaluate(() => document.querySelector("dialog")?.scrollTop);
  const before = await scrolled();
  await more.press("Enter");
  await rows(page).nth(29).waitFor();
  expect(await scrolled()).toBe(before);
  expect(await confirm(page).innerText()).toBe(label);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("number-11");
  expect(page.url()).toMatch(/\?show=30$/);
});

test("without JavaScript, showing more begins at the first new number", async () => {
  const page = await openModal(browser, site, { javaScript: false });
  await modal(page).getByText("Show more numbers").click();
  await page.waitForURL("**?show=30#number-11");
  const row = await rows(page).nth(10).boundingBox();
  expect(row?.y).toBeGreaterThanOrEqual(0);
  expect(row?.y).toBeLessThan(700);
});

describe("a small pool", () => {
  test("one screen of numbers has no search", async () => {
    const small = await startSite(10);
    const page = await openModal(browser, small);
    expect(await rows(page).count()).toBe(10);
    expect(await page.locator("#search").count()).toBe(0);
    expect(await modal(page).getByText("Show more numbers").count()).toBe(0);
    expect(await modal(page).getByRole("status").innerText()).toBe("10 numbers available");
  });

  test.each([true, false])(
    "an empty one says so and offers only to skip; the last number may go meanwhile (JavaScript: %s)",
    async (javaScript) => {
      const small = await startSite(1);
      const page = await openModal(browser, small, { javaScript });
      const number = await valueOf(page, 0);
      await rows(page).first().click();
      await takeNumber(small.db, number);
      await confirm(page).click();
      const empty =
        "No phone numbers available right now. Your account is ready; you can choose one later in Settings.";
      await modal(page).getByText(empty).waitFor();
      expect(await problem(page).innerText()).toBe(
        `${formatPhoneNumber(number)} is no longer available.`,
      );
      expect(await modal(page).locator("button, a").allInnerTexts()).toEqual(["Skip for Now"]);
      await modal(page).getByText("Skip for Now").click();
      await page.waitForURL("**/dashboard");
    },
  );
});

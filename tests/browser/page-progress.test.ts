import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { signedInCompanies, until } from "../support/load.ts";
import { companyWithNumber, open, site, useCalledSite } from "./called-site.ts";
import { ready } from "./visitor.ts";

useCalledSite();

/** Holds back a page's data until told otherwise, and stops the page's clock. */
async function slowly(page: Page, address: string): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(address, async (route) => {
    await held;
    await route.continue();
  });
  await page.clock.pauseAt(Date.now() + 60_000);
  return letGo;
}

const status = (page: Page) => page.locator(".page-progress");

/** The bar drawn before an element: its place in the window, and whether it moves. */
const barBefore = (page: Page, selector: string) =>
  page.locator(selector).evaluate((element) => {
    const style = getComputedStyle(element, "::before");
    const { content, position, borderTopWidth, animationName } = style;
    return { drawn: content !== "none", position, borderTopWidth, animationName };
  });

declare global {
  interface Window {
    /** how far anything has moved */
    shifts?: { sum: number };
  }
}

const drawn = { drawn: true, position: "fixed", borderTopWidth: "3px" };

test("a page that takes longer than a moment is announced, with a bar that moves nothing", async () => {
  const company = await companyWithNumber();
  const page = await open(company, "/login");
  await page.clock.install();
  await page.goto("/dashboard");
  await ready(page);
  const letGo = await slowly(page, "**/settings.data**");
  await page.evaluate(() => {
    const shifts = (window.shifts = { sum: 0 });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if ("value" in entry) shifts.sum += Number(entry.value);
    }).observe({ type: "layout-shift", buffered: false });
  });
  const asked = page.waitForRequest("**/settings.data**");
  await page.getByRole("link", { name: "Settings" }).click();
  await asked;
  // What starts the timer has been rendered.
  await page.locator("nav a.pending").waitFor();
  await page.clock.runFor(290);
  expect(await status(page).innerText()).toBe("");
  expect((await barBefore(page, ".page-progress")).drawn).toBe(false);

  await page.clock.runFor(20);
  await status(page).getByText("Loading…").waitFor({ state: "attached" });
  expect(await status(page).getAttribute("role")).toBe("status");
  expect(await barBefore(page, ".page-progress")).toEqual({
    ...drawn,
    animationName: "page-progress",
  });
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await barBefore(page, ".page-progress")).toEqual({ ...drawn, animationName: "none" });
  expect(await page.evaluate(() => window.shifts?.sum)).toBe(0);
  expect(await page.getByRole("heading", { level: 1 }).innerText()).not.toBe("Settings");

  letGo();
  await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  await status(page).getByText("Loading…").waitFor({ state: "detached" });
  expect((await barBefore(page, ".page-progress")).drawn).toBe(false);
});

test("the bar also shows over the modal", async () => {
  const [company] = await signedInCompanies(site.db, 1);
  const page = await open(company!, "/login");
  await page.clock.install();
  await page.goto("/dashboard/choose-number");
  await ready(page);
  const letGo = await slowly(page, "**/choose-number.data**");
  await page.fill("#search", "86");
  const asked = page.waitForRequest("**/choose-number.data**");
  await page.press("#search", "Enter");
  await asked;
  // The request may be sent before what starts the timer is rendered.
  await until("the bar shows", async () => {
    await page.clock.runFor(310);
    return (await status(page).getByText("Loading…").count()) > 0;
  });
  expect(await barBefore(page, "dialog.modal")).toEqual({
    ...drawn,
    animationName: "page-progress",
  });
  letGo();
  await status(page).getByText("Loading…").waitFor({ state: "detached" });
});

import { mkdirSync } from "node:fs";
import path from "node:path";
import { createCookie } from "@remix-run/node";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, newPage } from "../support/browser.ts";
import { axeFindings } from "./findings.ts";
import { furnish, startFurnishedSite, type FurnishedSite } from "./furnished-site.ts";
import { layoutFlaws } from "./layout.ts";
import { privateStates } from "./private-states.ts";
import { publicStates, type State } from "./states.ts";
import { ready, type Site } from "./visitor.ts";

/**
 * Every page in every state, on a phone, a tablet, a laptop and a wide screen. `SHOTS=DIR` saves a
 * picture of each there.
 */
const screens = [
  { width: 320, height: 568 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;
const [phone, , laptop] = screens;

const shots = process.env["SHOTS"];
/**
 * The most that may move by itself, as a sum of shares of the window. Source: web.dev, "Cumulative
 * Layout Shift".
 */
const mostShift = 0.02;

declare global {
  interface Window {
    shift: number;
  }
}

let empty: Site;
beforeAll(async () => {
  empty = await startFurnishedSite();
  if (shots) mkdirSync(shots, { recursive: true });
});

describe.each([
  { scripts: "run", screen: laptop, colorScheme: "light", widths: screens },
  { scripts: "run", screen: phone, colorScheme: "dark", widths: screens },
  // axe is itself a script, and cannot be used where none run.
  { scripts: "blocked", screen: laptop, colorScheme: "dark", widths: [] },
  { scripts: "off", screen: phone, colorScheme: "light", widths: screens },
] as const)(
  "scripts $scripts, opened at $screen.width px, $colorScheme",
  ({ scripts, screen, colorScheme, widths }) => {
    const javaScript = scripts !== "off";
    const isOnPhone = scripts === "run" && screen === phone;
    let page: Page;
    let site: FurnishedSite;
    beforeAll(async () => {
      site = await furnish(empty);
      const browser = await launchBrowser();
      page = await newPage(browser, { javaScript, colorScheme, ...screen, baseURL: site.url });
      await page.emulateMedia({ reducedMotion: "reduce" });
      if (scripts === "blocked") {
        await page.route("**/assets/*.js", (route) =>
          route.fulfill({ contentType: "text/javascript", body: "" }),
        );
      }
      await page.addInitScript(() => {
        window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & {
            hadRecentInput: boolean;
            value: number;
          })[]) {
            if (!entry.hadRecentInput) window.shift += entry.value;
          }
        }).observe({ type: "layout-shift", buffered: true });
      });
    });

    test.each([...publicStates, ...privateStates])("$name", async (state) => {
      await page.setViewportSize(screen);
      await open(page, site, state, scripts === "run");
      const found: string[] = [];
      const note = (where: string, flaws: string[]) =>
        found.push(...flaws.map((flaw) => `${where}: ${flaw}`));
      if (javaScript) {
        const shift = await page.evaluate(() => window.shift);
        if (shift > mostShift) note("opened", [`the layout shifts by ${shift}`]);
        note("axe", await axeFindings(page));
      }
      for (const { width, height } of widths) {
        await page.setViewportSize({ width, height });
        note(`${width}`, await layoutFlaws(page));
        if (width === phone.width) note("the picker", await pickerFlaws(page));
        await keepPicture(
          page,
          `${state.name}-${width}-${javaScript ? colorScheme : "without-scripts"}`,
        );
      }
      if (isOnPhone) {
        await withLargeText(page, async (width) => {
          note(`large text at ${width}`, await layoutFlaws(page));
          // A full-page picture would reset the size of the text.
          await keepPicture(page, `${state.name}-large-text-${width}`, false);
        });
        await withForcedColours(page, async () => {
          note("forced colours", [...(await layoutFlaws(page)), ...(await withoutEdges(page))]);
          await keepPicture(page, `${state.name}-forced-colours`);
        });
      }
      expect(found, found.join("\n")).toEqual([]);
    });
  },
);

/**
 * Gets to a state, and makes sure that it is the right one.
 * @param run whether scripts run
 */
async function open(page: Page, site: FurnishedSite, state: State, run: boolean) {
  await page.context().clearCookies();
  const cookies = [];
  if (state.who) cookies.push(site.companies[state.who].cookie);
  if (state.news) cookies.push(await createCookie("news").serialize(state.news));
  await page.context().addCookies(
    cookies.map((cookie) => {
      const [name = "", value = ""] = cookie.split(";")[0]!.split(/=(.*)/s);
      return { name, value, url: site.url };
    }),
  );
  await state.before?.(site);
  await page.goto(typeof state.path === "string" ? state.path : state.path(site));
  await settled(page, run);
  await state.reach?.(page, site);
  if (state.shows) await page.getByText(state.shows).filter({ visible: true }).first().waitFor();
  await settled(page, run);
  expect(await page.locator("dialog h2, body:not(:has(dialog)) h1").innerText()).toBe(
    state.heading,
  );
}

/** Waits until everything has loaded and, if scripts run, the page is hydrated. */
async function settled(page: Page, run: boolean): Promise<void> {
  if (run && page.url() !== "about:blank") await ready(page);
  else await page.waitForLoadState("load");
}

/**
 * Text of 32 pixels, as by the browser's own setting: even where style sheets ask for the window's
 * width in rem.
 */
async function withLargeText(page: Page, look: (width: number) => Promise<void>) {
  const session = await page.context().newCDPSession(page);
  const standard = (pixels: number) =>
    session.send("Page.setFontSizes", { fontSizes: { standard: pixels } });
  await standard(32);
  try {
    for (const width of [412, 640]) {
      await page.setViewportSize({ width, height: 915 });
      const root = await page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
      expect(root).toBe("32px");
      await look(width);
    }
  } finally {
    await standard(16);
    await session.detach();
  }
}

async function withForcedColours(page: Page, look: () => Promise<void>): Promise<void> {
  await page.emulateMedia({ forcedColors: "active" });
  try {
    await page.setViewportSize(laptop);
    await look();
  } finally {
    await page.emulateMedia({ forcedColors: "none" });
  }
}

/** What a picker's first screen lacks, if there are numbers and nothing was wrong. */
function pickerFlaws(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const dialog = document.querySelector("dialog");
    if (!dialog) return [];
    dialog.scrollTo(0, 0);
    const box = (selector: string) => dialog.querySelector(selector)?.getBoundingClientRect();
    const footer = box(".modal-footer");
    const row = box(".row:not(.none-yet)");
    const flaws: string[] = [];
    if (!footer || footer.bottom > innerHeight) flaws.push("the footer is cut off");
    if (row && footer && row.bottom > footer.top && !box(".problem")) flaws.push("no row is seen");
    return flaws;
  });
}

/**
 * What has no edge: in forced colours only edges show what can be pressed or typed into, and what
 * is chosen.
 */
function withoutEdges(page: Page): Promise<string[]> {
  return page
    .locator(".button:not(.quiet), input:not([type=hidden], [type=radio], [type=checkbox]), select")
    .evaluateAll((elements) =>
      elements
        .filter((element) => parseFloat(getComputedStyle(element).borderTopWidth) < 1)
        .map((element) => element.outerHTML),
    );
}

async function keepPicture(page: Page, name: string, whole = true): Promise<void> {
  if (!shots) return;
  // A modal is only as high as the window.
  const fullPage = whole && !(await page.locator("dialog").isVisible());
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage });
}

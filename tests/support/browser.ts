import { chromium, type Browser, type Page } from "playwright-core";
import { inject } from "vitest";
import { launchOptions } from "./chromium.ts";
import { cleanUpLater } from "./clean-up.ts";

export interface PageOptions {
  javaScript: boolean;
  /** of the window, in CSS pixels */
  width: number;
  colorScheme: "light" | "dark";
  /** in CSS pixels, 800 if not given */
  height?: number;
  /** what `page.goto("/login")` is relative to */
  baseURL?: string;
}

/**
 * Starts this run's Chromium; it is closed when the test, or the file that started it in a
 * `beforeAll`, is over. For tests in `tests/browser` and `tests/faults`: vitest.config.ts finds a
 * browser for those.
 */
export async function launchBrowser(): Promise<Browser> {
  const found = inject("chromium");
  const browser = await chromium.launch(launchOptions(found));
  cleanUpLater(() => browser.close());
  return browser;
}

/**
 * Opens a page with cookies and storage of its own, closed like the browser. Anything the page
 * throws or logs as an error becomes a `console.error` of the test, which fails it. Documents and
 * fetches answered 4xx or 5xx are excepted, since they are often just what a test is about.
 */
export async function newPage(
  browser: Browser,
  { javaScript, width, colorScheme, height = 800, baseURL }: PageOptions,
): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width, height },
    colorScheme,
    locale: "en-GB",
    ...(baseURL === undefined ? {} : { baseURL }),
  });
  cleanUpLater(() => context.close());
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`In the page: ${error.stack}`));
  page.on("console", (message) => {
    const { url } = message.location();
    const answer =
      message.text().startsWith("Failed to load resource") && !url.includes("/assets/");
    // React Router logs a load that another has overtaken, if its body had begun to arrive.
    const overtaken = message.text().startsWith("AbortError: BodyStreamBuffer");
    if (message.type() === "error" && !answer && !overtaken) {
      console.error(`In the page: ${message.text()} (${url})`);
    }
  });
  return page;
}

import type { Knex } from "knex";
import type { Browser, Page } from "playwright-core";
import { beforeAll } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { launchBrowser, newPage, type PageOptions } from "../support/browser.ts";
import { aCompany } from "../support/client.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

/** The app, with numbers in its pool. */
export interface Site {
  url: string;
  db: Knex;
}

/**
 * @param numbers how many the pool has
 * @param env more variables
 */
export async function startSite(numbers: number, env: Record<string, string> = {}): Promise<Site> {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  await fillPool(db, numbers);
  const { url } = await startServer({ databaseUrl, env });
  return { url, db };
}

/** Gives a number to some other company. */
export async function takeNumber(db: Knex, number: string): Promise<void> {
  await assignPhoneNumber(db, await insertCompany(db), number);
}

const usual: PageOptions = {
  javaScript: true,
  width: 1280,
  colorScheme: "light",
};

/** What a visitor's browser is like. */
export interface VisitorOptions extends Partial<PageOptions> {
  /**
   * false for the page before its scripts arrive, or without JavaScript, in a browser that still
   * runs the test's scripts
   */
  scriptsCome?: boolean;
}

const scriptless = new WeakSet<Page>();

async function newVisitor(
  browser: Browser,
  site: Site,
  { scriptsCome = true, ...options }: VisitorOptions,
): Promise<Page> {
  const page = await newPage(browser, {
    ...usual,
    ...options,
    baseURL: site.url,
  });
  if (!scriptsCome) {
    scriptless.add(page);
    await page.route("**/assets/*.js", (route) =>
      route.fulfill({ contentType: "text/javascript", body: "" }),
    );
  }
  return page;
}

/** Waits until a page has loaded completely and, if scripts run, is hydrated. */
export async function ready(page: Page): Promise<void> {
  // Otherwise a page could be measured before its style sheet has arrived.
  await page.waitForLoadState("load");
  if (!scriptless.has(page) && (await hasScripts(page))) {
    await page.waitForFunction(() =>
      Object.keys(document.documentElement).some((key) => key.startsWith("__reactFiber")),
    );
    await page.waitForLoadState("networkidle");
  }
}

// Only a page's own script shows this: what a test evaluates runs either way.
async function hasScripts(page: Page): Promise<boolean> {
  return page.evaluate(() => matchMedia("(scripting: enabled)").matches);
}

/** Opens a page and goes to `path`. */
export async function visit(
  browser: Browser,
  site: Site,
  path: string,
  options: VisitorOptions = {},
): Promise<Page> {
  const page = await newVisitor(browser, site, options);
  await page.goto(path);
  await ready(page);
  return page;
}

/** Signs up as a visitor does, up to the modal. @returns the typed fields */
export async function signUp(page: Page): Promise<Record<string, string>> {
  const fields = aCompany();
  await page.goto("/signup");
  await ready(page);
  for (const [name, value] of Object.entries(fields)) {
    await page.fill(`[name=${name}]`, value);
  }
  await page.click("text=Create account >> nth=-1");
  await page.waitForURL("**/dashboard/choose-number");
  await ready(page);
  return fields;
}

/** Opens the modal for a company that has just signed up. */
export async function openModal(
  browser: Browser,
  site: Site,
  options: VisitorOptions = {},
): Promise<Page> {
  const page = await newVisitor(browser, site, options);
  await signUp(page);
  return page;
}

/** A site, and a browser that visits it. */
export interface VisitedSite extends Site {
  visit(path: string, options?: VisitorOptions): Promise<Page>;
  openModal(options?: VisitorOptions): Promise<Page>;
}

/** @param numbers how many the pool has */
export async function openSite(numbers: number): Promise<VisitedSite> {
  const browser = await launchBrowser();
  const site = await startSite(numbers);
  return {
    ...site,
    visit: (path, options) => visit(browser, site, path, options),
    openModal: (options) => openModal(browser, site, options),
  };
}

/** The site of a file of tests. */
export function useSite(numbers: number): VisitedSite {
  const site = {} as VisitedSite;
  beforeAll(async () => void Object.assign(site, await openSite(numbers)));
  return site;
}

export const modal = (page: Page) => page.getByRole("dialog");
export const rows = (page: Page) => modal(page).locator("label.row:not(.none-yet)");
export const confirm = (page: Page) =>
  modal(page).getByRole("button", { name: /^(Confirm|Assigning)/ });

/** Whether the browser treats the dialog as modal. */
export const isModal = (page: Page) =>
  page.evaluate(() => document.querySelector("dialog")?.matches(":modal"));

/** The number of a row, in E.164. */
export const valueOf = async (page: Page, row: number) =>
  (await rows(page).nth(row).locator("input").getAttribute("value")) ?? "";

/** The value of the radio that is selected. */
export const chosen = (page: Page) => modal(page).locator(":checked").inputValue();

export const problem = (page: Page) => modal(page).getByRole("alert");

/** The text of the focused element. */
export const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");

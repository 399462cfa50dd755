import type { Browser, Page } from "playwright-core";
import { beforeAll } from "vitest";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { SimulatedCall } from "../../scripts/terminal/simulated-call.ts";
import { launchBrowser } from "../support/browser.ts";
import { newCallSid } from "../support/calls.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { accountSid, authToken } from "../support/twilio-webhooks.ts";
import { ready, visit, type Site, type VisitorOptions } from "./visitor.ts";

/** A site whose companies are called. One for each file of tests. */
export const site = {} as Site;
let browser: Browser;
let numbers: string[];

export function useCalledSite(): void {
  beforeAll(async () => {
    browser = await launchBrowser();
    const { url: databaseUrl } = await createMigratedDatabase("sqlite");
    site.db = openDatabase(databaseUrl);
    numbers = await fillPool(site.db, 60);
    const { url } = await startServer({
      databaseUrl,
      env: { TWILIO_AUTH_TOKEN: authToken, TWILIO_ACCOUNT_SID: accountSid },
    });
    site.url = url;
  });
}

export interface Company {
  id: number;
  number: string;
  /** as shown to people */
  shown: string;
  cookie: string;
}

export async function companyWithNumber(): Promise<Company> {
  const [company] = await signedInCompanies(site.db, 1);
  const number = numbers.pop()!;
  await assignPhoneNumber(site.db, company!.id, number);
  return { ...company!, number, shown: formatPhoneNumber(number) };
}

/** Opens a page of a signed-in company. */
export async function open(
  { cookie }: { cookie: string },
  path: string,
  options: VisitorOptions = {},
): Promise<Page> {
  const page = await visit(browser, site, "/login", options);
  const [name = "", value = ""] = cookie.split(/=(.*)/s);
  await page.context().addCookies([{ name, value, url: site.url }]);
  await page.goto(path);
  await ready(page);
  return page;
}

/** Opens the dashboard, and waits until it is listening for a call. */
export async function openListening(company: Company): Promise<Page> {
  const page = await open(company, "/settings");
  const listening = page.waitForRequest("**/dashboard/ring-test");
  await page.goto("/dashboard");
  await listening;
  return page;
}

/** Reports a call, as Twilio does. */
export async function rings({ number }: Company): Promise<void> {
  await new SimulatedCall(
    {
      to: number,
      from: "+353871112222",
      scenario: "message",
      url: site.url,
      publicUrls: [site.url],
      authToken,
      accountSid,
    },
    () => {},
  ).walk();
}

/** Forty calls, a good week of them. */
export async function manyCalls({ id, number }: Company): Promise<void> {
  const callers = [
    "+353871112222",
    "anonymous",
    `sip:${"a".repeat(100)}@example.com`,
    "+14155552671",
  ];
  for (let i = 0; i < 40; i++) {
    await recordIncomingCall(
      site.db,
      {
        callSid: newCallSid(),
        from: callers[i % callers.length]!,
        to: number,
        status: i % 3 ? "no-answer" : "ringing",
        at: new Date(Date.now() - i * 8 * 3_600_000),
      },
      { companyId: id, route: "phone" },
    );
  }
}

export const fitsItsWidth = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

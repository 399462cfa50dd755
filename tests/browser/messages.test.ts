import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { recordIncomingCall, recordRecording } from "#app/domain/call-events.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { recordings } from "#app/work/delete-recordings.server.ts";
import { launchBrowser } from "../support/browser.ts";
import { newCallSid } from "../support/calls.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";
import { ready, visit, type Site } from "./visitor.ts";

const site = {} as Site;
let browser: Browser;
let numbers: string[];
let twilio: TwilioApi;

beforeAll(async () => {
  browser = await launchBrowser();
  twilio = await startTwilioApi();
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  site.db = openDatabase(databaseUrl);
  numbers = await fillPool(site.db, 6);
  site.url = (await startServer({ databaseUrl, env: twilio.environment })).url;
});

/** A page of a company for whom somebody has left a message. */
async function withMessage(path: string, javaScript: boolean): Promise<Page> {
  const [company] = await signedInCompanies(site.db, 1);
  const number = numbers.pop()!;
  await assignPhoneNumber(site.db, company!.id, number);
  const callSid = newCallSid();
  const event = { callSid, from: "+353871112222", to: number };
  await recordIncomingCall(site.db, event, { companyId: company!.id, route: "message" });
  const sid = `RE${callSid.slice(2)}`;
  await recordRecording(site.db, event, { sid, seconds: 1 });
  twilio.recordings.add(sid);
  const page = await visit(browser, site, "/login", { javaScript });
  const [name = "", value = ""] = company!.cookie.split(/=(.*)/s);
  await page.context().addCookies([{ name, value, url: site.url }]);
  await page.goto(path);
  await ready(page);
  return page;
}

const unheard = (page: Page) => page.getByRole("link", { name: /Calls 1 message not heard yet/ });

describe.each([
  ["/calls", true],
  ["/dashboard", true],
  ["/calls", false],
  ["/dashboard", false],
] as const)("on %s, with JavaScript: %s", (path, javaScript) => {
  test("a message that has been played counts as heard", async () => {
    const page = await withMessage(path, javaScript);
    expect(await unheard(page).count()).toBe(1);
    const audio = page.locator("audio").first();
    const player = <T>(look: (player: HTMLAudioElement) => T) => audio.evaluate(look);
    expect(await player(({ readyState }) => readyState)).toBe(0);
    await player((one) => {
      one.muted = true;
      void one.play();
    });
    // HAVE_FUTURE_DATA, at which `canplay` fires.
    await expect
      .poll(() => player(({ readyState }) => readyState), { timeout: 20_000 })
      .toBeGreaterThanOrEqual(3);
    expect(await player(({ duration }) => duration)).toBe(1);
    if (!javaScript) await page.reload();
    await unheard(page).waitFor({ state: "detached" });
    expect(await page.getByText("Not heard yet").count()).toBe(0);
  });
});

test("a message is deleted on a separate page, and a caller blocked and unblocked, without JavaScript", async () => {
  const page = await withMessage("/calls", false);
  await page.getByRole("link", { name: /^Delete the message/ }).click();
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Delete this message?");
  await page.getByRole("button", { name: "Delete message" }).click();
  expect(new URL(page.url()).pathname).toBe("/calls");
  await page.getByText("The message was deleted.").first().waitFor();
  expect(await page.locator("audio").count()).toBe(0);

  await page.getByRole("button", { name: "Block +353 87 111 2222" }).click();
  await page.getByText("The caller is blocked").waitFor();
  expect(await page.getByRole("button", { name: /^Block/ }).count()).toBe(0);
  await page.getByRole("link", { name: "See who is blocked" }).click();
  await page.getByRole("button", { name: "Unblock +353 87 111 2222" }).click();
  await page.getByText("The caller is not blocked any more.").waitFor();
  await page.getByText("Nobody is blocked.").waitFor();
  await page.getByLabel("Ask them for a message").check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  expect(await page.getByLabel("Ask them for a message").isChecked()).toBe(true);
});

test("a message that Twilio has not deleted yet says so in its row, until it has", async () => {
  const page = await withMessage("/calls", false);
  twilio.fail({ status: 503 });
  await page.getByRole("link", { name: /^Delete the message/ }).click();
  await page.getByRole("button", { name: "Delete message" }).click();
  const row = page.getByRole("row", { name: "+353 87 111 2222" });
  await row.getByText("The message was deleted here. At the telephone company").waitFor();

  await site.db("recordings_to_delete").update({ next_try_at: "2026-01-01 00:00:00" });
  useEnvironment(twilio.environment);
  await recordings.run(site.db, new AbortController().signal);
  await page.reload();
  expect(await row.innerText()).toContain("The message was deleted.");
});

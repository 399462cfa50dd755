import { expect, test } from "vitest";
import { recordIncomingCall, recordRecording } from "#app/domain/call-events.server.ts";
import { newCallSid } from "../support/calls.ts";
import { signedInCompanies } from "../support/load.ts";
import {
  companyWithNumber,
  fitsItsWidth,
  manyCalls,
  open,
  site,
  useCalledSite,
} from "./called-site.ts";
import { modal, rows } from "./visitor.ts";

useCalledSite();

/** A sheet of A4 with margins, in CSS pixels. */
const sheet = { width: 718, height: 1_046 };

test.each([true, false])(
  "the picker on paper has every number that it shows, and nothing to press (JavaScript: %s)",
  async (javaScript) => {
    const [company] = await signedInCompanies(site.db, 1);
    const page = await open(company!, "/dashboard/choose-number?show=60", { javaScript });
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize(sheet);
    expect(await rows(page).count()).toBe(60);
    // Neither the dialog nor the sheet ends before the last of them.
    const ends = await page.evaluate(() => {
      const endOf = (selector: string) =>
        Math.floor([...document.querySelectorAll(selector)].at(-1)!.getBoundingClientRect().bottom);
      return [endOf("dialog label.row"), endOf("dialog"), document.documentElement.scrollHeight];
    });
    expect(ends).toEqual(ends.toSorted((one, other) => one - other));
    expect(
      await modal(page).locator("button:visible, a:visible, [role=search]:visible").count(),
    ).toBe(0);
    expect(await page.locator("main:visible, header:visible").count()).toBe(0);
    expect(await fitsItsWidth(page)).toBe(true);
  },
);

test("calls on paper are their days, times, callers and lengths, without buttons and players", async () => {
  const company = await companyWithNumber();
  await manyCalls(company);
  const event = { callSid: newCallSid(), from: "+353871112222", to: company.number };
  await recordIncomingCall(site.db, event, { companyId: company.id, route: "message" });
  await recordRecording(site.db, event, { sid: `RE${event.callSid.slice(2)}`, seconds: 7 });
  const page = await open(company, "/calls");
  expect(await page.locator("audio:visible").count()).toBe(1);
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize(sheet);
  for (const gone of ["nav", "header", "audio", "button", "[role=search]", ".button", ".voice a"]) {
    expect([gone, await page.locator(`${gone} >> visible=true`).count()]).toEqual([gone, 0]);
  }
  const text = await page.locator("main").innerText();
  expect(text).toContain("Calls");
  expect(await page.locator("tr.day >> visible=true").count()).toBeGreaterThan(5);
  expect(text).toContain("Message, 7 s");
  expect(text).toContain("Not heard yet");
  expect(text).not.toMatch(/Block|Download|Delete|Older calls/);
  expect(await page.locator("tbody tr:not(.day) >> visible=true").count()).toBe(25);
  expect(await fitsItsWidth(page)).toBe(true);

  await page.emulateMedia({ media: "print" });
  await page.goto("/dashboard");
  expect(await page.locator("main").innerText()).toContain("Calls a day");
  expect(await page.locator("nav:visible, audio:visible, .button:visible").count()).toBe(0);
});

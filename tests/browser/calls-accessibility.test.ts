import { describe, expect, test } from "vitest";
import { signedInCompanies } from "../support/load.ts";
import {
  companyWithNumber,
  fitsItsWidth,
  manyCalls,
  open,
  rings,
  site,
  useCalledSite,
} from "./called-site.ts";
import { expectNoFindings } from "./findings.ts";

useCalledSite();

describe.each([
  { scriptsCome: true, width: 1280, colorScheme: "light" },
  { scriptsCome: true, width: 320, colorScheme: "dark" },
  { scriptsCome: false, width: 320, colorScheme: "light" },
  { scriptsCome: false, width: 1280, colorScheme: "dark" },
] as const)("axe, with scripts $scriptsCome at $width px, $colorScheme", (options) => {
  test("every page and state of calls", async () => {
    const [without] = await signedInCompanies(site.db, 1);
    const quiet = await companyWithNumber();
    const busy = await companyWithNumber();
    await manyCalls(busy);
    const fresh = await companyWithNumber();
    await rings(fresh);
    for (const [company, paths] of [
      [without!, ["/dashboard", "/calls"]],
      [quiet, ["/dashboard", "/calls", "/settings"]],
      [fresh, ["/dashboard", "/calls"]],
      [
        busy,
        [
          "/dashboard",
          "/calls",
          "/calls?outcome=missed",
          "/calls?outcome=message",
          "/settings/calls",
          "/settings/calls",
        ],
      ],
    ] as const) {
      const page = await open(company, paths[0], options);
      for (const path of paths) {
        if (path !== paths[0]) await page.goto(path);
        const summary = page.locator("summary");
        if (await summary.isVisible()) await summary.click();
        await expectNoFindings(page);
        expect([path, await fitsItsWidth(page)]).toEqual([path, true]);
      }
    }
    const page = await open(busy, "/settings/calls", options);
    for (const mode of ["phone", "sip", "stream", "message"]) {
      await page.locator(`[name=mode][value=${mode}]`).check();
      await expectNoFindings(page);
    }
    await page.locator("[name=mode][value=phone]").check();
    await page.fill("[name=greeting]", "x".repeat(600));
    await page.fill("[name=ring_seconds]", "600");
    await page.click("text=Save");
    await page.waitForSelector(".error-summary");
    await expectNoFindings(page);
  });
});

test("targets are large enough for a finger", async () => {
  const company = await companyWithNumber();
  await manyCalls(company);
  for (const path of ["/dashboard", "/calls", "/settings/calls"]) {
    const page = await open(company, path, { width: 320 });
    const small = await page
      .locator(
        "a:visible, button:visible, input:visible, select:visible, textarea:visible, summary:visible, label.row:visible",
      )
      .evaluateAll((elements) =>
        elements
          .filter((element) => !element.closest(".row > *, .skip-link"))
          .filter((element) => element.getBoundingClientRect().height < 44)
          .map((element) => element.outerHTML),
      );
    expect(small).toEqual([]);
  }
});

const busyPages = [
  "/dashboard",
  "/calls",
  "/settings",
  "/settings/account",
  "/settings/calls",
  "/settings/calls/blocked",
  "/settings/security",
  "/settings/security/sessions",
  "/settings/tokens",
  "/api/docs",
];

test.each([640, 412])("text of 32 pixels still fits, in a window of %i", async (width) => {
  const company = await companyWithNumber();
  await manyCalls(company);
  const page = await open(company, "/dashboard", { width });
  const browser = await page.context().newCDPSession(page);
  await browser.send("Page.setFontSizes", { fontSizes: { standard: 32 } });
  for (const path of busyPages) {
    await page.goto(path);
    const size = await page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
    expect([path, size, await fitsItsWidth(page)]).toEqual([path, "32px", true]);
  }
});

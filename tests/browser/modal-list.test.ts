import { describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import {
  chosen,
  confirm,
  modal,
  openSite,
  problem,
  rows,
  takeNumber,
  useSite,
  valueOf,
} from "./visitor.ts";

const site = useSite(600);

test.each([true, false])(
  "a search narrows the list and can be cleared (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.openModal({ javaScript });
    await page.fill("#search", "999888");
    await modal(page).getByText("Search", { exact: true }).click();
    await modal(page).getByText("No numbers contain 999888. Try fewer digits.").waitFor();
    expect(await rows(page).count()).toBe(0);
    await modal(page).getByText("Clear").click();
    await rows(page).first().waitFor();
    expect(await page.inputValue("#search")).toBe("");
    expect(await rows(page).count()).toBe(30);
    expect(await modal(page).getByRole("status").innerText()).toMatch(
      /^Showing 30 of 5\d\d$|^Showing 30 of 600$/,
    );
    if (javaScript) {
      expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("search");
    }
  },
);

test("the selected number stays selected and named while others are searched for", async () => {
  const page = await site.openModal();
  const number = await valueOf(page, 3);
  const shown = formatPhoneNumber(number);
  await rows(page).nth(3).click();
  const description = () => modal(page).locator("#phone-config-permanent").innerText();
  expect(await description()).toBe("Permanent: you can't change it later.");
  const place = await modal(page).locator("#search").boundingBox();
  const hint = await modal(page).locator("#search-hint").innerText();
  expect(hint).toMatch(/^For example \d{3}$/);
  for (const digits of ["999888", "0599"]) {
    await page.fill("#search", digits);
    await page.press("#search", "Enter");
    await page.waitForURL(`**?search=${digits}`);
    await modal(page).getByText(`Selected: ${shown}.`).waitFor();
    expect(await description()).toBe(`Selected: ${shown}. Permanent: you can't change it later.`);
    expect(await confirm(page).innerText()).toBe(`Confirm ${shown}`);
    expect(await chosen(page)).toBe(number);
    expect(await modal(page).locator("#search-hint").innerText()).toBe(hint);
    expect(await modal(page).locator("#search").boundingBox()).toEqual(place);
  }
  // Another choice takes its place.
  await rows(page).first().click();
  expect(await chosen(page)).not.toBe(number);
  expect(await description()).toBe("Permanent: you can't change it later.");
  // Once found again it is selected in its row.
  await page.fill("#search", number.slice(-9));
  await page.press("#search", "Enter");
  await rows(page).first().click();
  await page.fill("#search", "");
  await page.press("#search", "Enter");
  await page.waitForFunction(
    () => document.querySelectorAll("label.row:not(.none-yet)").length === 30,
  );
  expect(await chosen(page)).toBe(number);
  expect(await rows(page).nth(3).locator("input").isChecked()).toBe(true);
});

test("a number kept selected through a search can be confirmed, and is dropped if it has gone", async () => {
  const page = await site.openModal();
  const number = await valueOf(page, 0);
  await rows(page).first().click();
  await page.fill("#search", "0599");
  await page.press("#search", "Enter");
  await modal(page).getByText("Selected: ").waitFor();
  await takeNumber(site.db, number);
  await confirm(page).click();
  await problem(page).waitFor();
  expect(await problem(page).innerText()).toContain("is no longer available. Choose another.");
  await modal(page).getByRole("button", { name: "Confirm", exact: true }).waitFor();
  expect(await chosen(page)).toBe("");
  await page.fill("#search", "");
  await page.press("#search", "Enter");
  await rows(page).nth(29).waitFor();
  const next = await valueOf(page, 1);
  await rows(page).nth(1).click();
  await page.fill("#search", "999888");
  await page.press("#search", "Enter");
  await modal(page).getByText("Selected: ").waitFor();
  await confirm(page).click();
  await page.waitForURL("**/dashboard");
  await page.getByText(`${formatPhoneNumber(next)} is your number.`).waitFor();
});

test("showing more keeps the place and the selection", async () => {
  const page = await site.openModal();
  await rows(page).nth(8).click();
  const label = await confirm(page).innerText();
  const more = modal(page).getByText("Show more numbers");
  await more.scrollIntoViewIfNeeded();
  const scrolled = () => page.evaluate(() => document.querySelector("dialog")?.scrollTop);
  const before = await scrolled();
  await more.press("Enter");
  await rows(page).nth(59).waitFor();
  expect(await scrolled()).toBe(before);
  expect(await confirm(page).innerText()).toBe(label);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("number-31");
  expect(page.url()).toMatch(/\?show=60$/);
});

test("without JavaScript, showing more begins at the first new number", async () => {
  const page = await site.openModal({ javaScript: false });
  await modal(page).getByText("Show more numbers").click();
  await page.waitForURL("**?show=60#number-31");
  const row = await rows(page).nth(30).boundingBox();
  expect(row?.y).toBeGreaterThanOrEqual(0);
  expect(row?.y).toBeLessThan(700);
});

describe("a small pool", () => {
  test("one screen of numbers has no search", async () => {
    const small = await openSite(30);
    const page = await small.openModal();
    expect(await rows(page).count()).toBe(30);
    expect(await page.locator("#search").count()).toBe(0);
    expect(await modal(page).getByText("Show more numbers").count()).toBe(0);
    expect(await modal(page).getByRole("status").innerText()).toBe("30 numbers available");
  });

  test.each([true, false])(
    "an empty one says so and offers only to skip; the last number may go meanwhile (JavaScript: %s)",
    async (javaScript) => {
      const small = await openSite(1);
      const page = await small.openModal({ javaScript });
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

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { expectConsoleError } from "../support/console.ts";
import {
  chosen,
  confirm,
  isModal,
  modal,
  problem,
  ready,
  rows,
  useSite,
  valueOf,
} from "./visitor.ts";

const site = useSite(600);

test("an unreachable server is reported as such, and a bug in a script is not", async () => {
  const page = await site.openModal();
  await modal(page).getByText("Skip for Now").click();
  await page.waitForURL("**/dashboard");
  await page.route("**/*.data**", (route) => route.abort());
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.waitForSelector("h1:text('The server could not be reached')");

  const broken = await site.openModal();
  await rows(broken).first().click();
  await broken.evaluate(() => {
    window.fetch = () => {
      throw new TypeError("undefined is not a function");
    };
  });
  await modal(broken).getByText("Show more numbers").click();
  await problem(broken).getByText("Something went wrong. Try again.").waitFor();
  await confirm(broken).click();
  await problem(broken)
    .getByText("Something went wrong. Try again: sending it twice is safe.")
    .waitFor();
});

describe("whatever the network cuts off keeps the modal and the choice, and can be tried again", () => {
  const unreachable = "We couldn't reach the server. Check your connection and try again.";
  const search = async (page: Page) => {
    await page.fill("#search", "059");
    await page.press("#search", "Enter");
  };
  const more = (page: Page) => modal(page).getByText("Show more numbers").click();
  const skip = (page: Page) => modal(page).getByText("Skip for Now").click();

  test.each([
    ["a search", search, "**/dashboard/choose-number?search=059", 11],
    ["Show more numbers", more, "**/dashboard/choose-number?show=60", 60],
  ])("%s", async (_, load, url, count) => {
    const page = await site.openModal();
    await rows(page).first().click();
    const label = await confirm(page).innerText();
    expectConsoleError("SyntaxError");
    for (const fault of ["cut off", "answered by somebody else"]) {
      await page.route("**/*.data**", (route) =>
        fault === "cut off" ? route.abort() : route.fulfill({ body: "Sign in to the Wi-Fi" }),
      );
      await load(page);
      const told = fault === "cut off" ? unreachable : "Something went wrong. Try again.";
      await problem(page).getByText(told).waitFor();
      expect(await isModal(page)).toBe(true);
      expect(await confirm(page).innerText()).toBe(label);
      await page.unroute("**/*.data**");
    }
    await load(page);
    await page.waitForURL(url);
    await problem(page).waitFor({ state: "detached" });
    expect(await rows(page).count()).toBe(count);
  });

  test("Skip for Now needs no network, unless a choice was sent", async () => {
    const page = await site.openModal();
    await rows(page).first().click();
    await page.context().setOffline(true);
    await skip(page);
    await page.getByRole("heading", { name: "Dashboard" }).waitFor();
    await page.context().setOffline(false);

    await page.getByText("Configure Phone").click();
    await rows(page).first().click();
    const label = await confirm(page).innerText();
    await page.context().setOffline(true);
    await confirm(page).click();
    await problem(page).waitFor();
    await skip(page);
    await problem(page).getByText(unreachable).waitFor();
    expect(await confirm(page).innerText()).toBe(label);
    await page.context().setOffline(false);
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    expect(label).toBe(`Confirm ${await page.textContent(".own-number .phone-number")}`);
  });

  test("a search after another tab has chosen leads to the number", async () => {
    const page = await site.openModal();
    await page.goto("/settings/phone/choose");
    await ready(page);
    const other = await page.context().newPage();
    await other.goto("/dashboard/choose-number");
    await ready(other);
    await rows(other).first().click();
    await confirm(other).click();
    await other.waitForURL("**/dashboard");
    await search(page);
    await page.waitForURL("**/settings/phone");
    expect(await page.textContent("dd .phone-number")).toBe(
      await other.textContent(".own-number .phone-number"),
    );
  });
});

describe("before scripts run", () => {
  /** Reloads the page. @returns a function that lets its scripts arrive */
  const holdScripts = async (page: Page) => {
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.unroute("**/assets/*.js");
    await page.route("**/assets/*.js", async (route) => {
      await held;
      await route.continue();
    });
    await page.reload({ waitUntil: "commit" });
    return letGo;
  };

  /** Changes the page as password managers do. */
  const addForeignNodes = async (page: Page) => {
    page.removeAllListeners("console");
    page.removeAllListeners("pageerror");
    await page.evaluate(() => {
      for (const where of ["form", "body"]) {
        document.querySelector(where)?.prepend(document.createElement("div"));
      }
    });
  };

  test.each([false, true])(
    "what is typed and chosen stays, even if something has changed the page: %s",
    async (changed) => {
      const page = await site.openModal();
      const letGo = await holdScripts(page);
      await rows(page).nth(2).click();
      await page.click("#search");
      await page.keyboard.type("080");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.type("6");
      const value = await valueOf(page, 2);
      if (changed) await addForeignNodes(page);
      letGo();
      await ready(page);
      await page.waitForFunction(() => document.querySelector("dialog")?.matches(":modal"));
      expect(await page.inputValue("#search")).toBe("0860");
      expect(await chosen(page)).toBe(value);
      expect(await confirm(page).innerText()).toBe(`Confirm ${formatPhoneNumber(value)}`);
      await page.keyboard.type("77");
      expect(await page.inputValue("#search")).toBe("086770");
    },
  );

  test.each([false, true])(
    "the focused row or button keeps focus, even if something has changed the page: %s",
    async (changed) => {
      const page = await site.openModal();
      for (const has of ["a row", "a button"]) {
        const letGo = await holdScripts(page);
        const first = rows(page).first().getByRole("radio");
        await (has === "a row" ? first : modal(page).getByText("Skip for Now")).focus();
        if (changed) await addForeignNodes(page);
        letGo();
        await ready(page);
        await page.waitForFunction(() => document.querySelector("dialog")?.matches(":modal"));
        const where = await page.evaluate(
          () => document.activeElement?.closest("label, a")?.textContent,
        );
        expect(where).toContain(has === "a row" ? "+353" : "Skip for Now");
      }
    },
  );
});

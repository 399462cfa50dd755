import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { confirm, focused, modal, ready, rows, signUp, useSite } from "./visitor.ts";

const site = useSite(200);

const fitsItsWidth = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);

describe.each([
  { javaScript: true, width: 1280 },
  { javaScript: true, width: 320 },
  { javaScript: false, width: 1280 },
  { javaScript: false, width: 320 },
])("with JavaScript $javaScript at $width px", (options) => {
  test("sign up, choose a number, see it, log out and in", async () => {
    const page = await site.visit("/", options);
    await page.click("main >> text=Sign up");
    await page.waitForURL("**/signup");
    const { email = "", password = "" } = await signUp(page);
    expect(await fitsItsWidth(page)).toBe(true);
    expect(await page.locator("dialog").count()).toBe(1);

    const number = (await rows(page).nth(2).locator(".phone-number").first().innerText()).trim();
    await rows(page).nth(2).click();
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    await ready(page);
    expect(await page.textContent(".banner p")).toBe(`${number} is your number.`);
    expect(await page.locator("dialog").count()).toBe(0);
    expect(await page.locator("[inert]").count()).toBe(0);
    expect(await fitsItsWidth(page)).toBe(true);

    // A reload does not send the form again, and news is told once.
    await page.reload();
    await ready(page);
    expect(await page.locator(".banner").count()).toBe(0);
    expect(await page.textContent(".own-number .phone-number")).toBe(number);

    await page.click("nav >> text=Settings");
    await page.click("main >> text=Phone Configuration");
    await page.waitForURL("**/settings/phone");
    await page.waitForSelector("dl");
    expect(await page.textContent("dd .phone-number")).toBe(number);
    expect(await page.locator("main input").count()).toBe(0);
    expect(await page.locator("text=Configure Phone").count()).toBe(0);
    expect(await fitsItsWidth(page)).toBe(true);

    await page.click("text=Log out");
    await page.waitForURL(`${site.url}/`);
    await page.goBack();
    await page.waitForURL("**/login?redirectTo=%2Fsettings%2Fphone");
    expect(await page.textContent("body")).not.toContain(number);

    await page.fill("#email", email);
    await page.fill("#password", "not the password");
    await page.click("main button:text-is('Log in')");
    await page.waitForSelector(".error-summary");
    expect(await page.title()).toMatch(/^Error: Log in/);
    expect(await page.inputValue("#email")).toBe(email);
    expect(await page.inputValue("#password")).toBe("");
    await page.fill("#password", password);
    await page.click("main button:text-is('Log in')");
    await page.waitForURL("**/settings/phone");
    expect(await page.textContent("dd .phone-number")).toBe(number);
  });

  test("skip for now, and choose later in Settings", async () => {
    const page = await site.openModal(options);
    await modal(page).getByText("Skip for Now").click();
    await page.waitForURL("**/dashboard");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.waitForSelector("text=You don't have a number yet");
    await page.click("nav >> text=Settings");
    await page.click("main >> text=Phone Configuration");
    await page.click("text=Configure Phone");
    await page.waitForURL("**/settings/phone/choose");
    await modal(page).getByText("Cancel").click();
    await page.waitForURL("**/settings/phone");
    await page.click("text=Configure Phone");
    await page.waitForURL("**/settings/phone/choose");
    const number = (await rows(page).first().locator(".phone-number").first().innerText()).trim();
    await rows(page).first().click();
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    expect(await page.textContent(".banner p")).toBe(`${number} is your number.`);
  });

  test("the keyboard alone is enough", async () => {
    const page = await site.visit("/signup", options);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const stamp = `${Date.now()}${Math.random()}`;
    for (const text of ["Ring & Sons", "Ann Ring", "", `a${stamp}@ring.ie`]) {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.type("a long quiet evening");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/dashboard/choose-number");
    await ready(page);

    // Only the modal can be reached.
    const reached = new Set<string>();
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(() => {
          const element = document.activeElement;
          if (!element || element === document.body) return "browser";
          return element.closest("dialog") ? "modal" : "behind";
        }),
      );
    }
    expect([...reached].filter((where) => where !== "browser")).toEqual(["modal"]);

    const onRadio = () => page.evaluate(() => document.activeElement?.matches("[type=radio]"));
    for (let i = 0; i < 20 && !(await onRadio()); i++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const number = (
      await modal(page).locator(".row:has(:checked)").locator(".phone-number").first().innerText()
    ).trim();
    for (let i = 0; i < 5 && !(await focused(page)).startsWith("Confirm"); i++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.waitForURL("**/dashboard");
    expect(await page.textContent(".own-number .phone-number")).toBe(number);
  });
});

test("without JavaScript a double click is one assignment and one good answer", async () => {
  const page = await site.openModal({ javaScript: false });
  const number = (await rows(page).first().locator(".phone-number").first().innerText()).trim();
  await rows(page).first().click();
  await confirm(page).dblclick({ noWaitAfter: true });
  await page.waitForURL("**/dashboard");
  expect(await page.textContent(".banner p")).toBe(`${number} is your number.`);
});

test("the first link of a page skips to its main content", async () => {
  const page = await site.openModal();
  await page.goto("/dashboard");
  await ready(page);
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Skip to main content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await focused(page)).toBe("Configure Phone");
});

test("moving between pages moves the focus to the new heading", async () => {
  const page = await site.openModal();
  await modal(page).getByText("Skip for Now").click();
  await page.waitForFunction(() => document.activeElement?.textContent === "Dashboard");
  await page.click("nav >> text=Settings");
  await page.waitForFunction(
    () =>
      document.activeElement?.matches("h1") && document.activeElement.textContent === "Settings",
  );
  expect(await page.title()).toMatch(/^Settings/);
});

test("text twice as large still fits", async () => {
  const page = await site.openModal({ width: 640 });
  for (const path of ["/dashboard/choose-number", "/dashboard", "/settings/phone"]) {
    await page.goto(path);
    await ready(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    expect(await fitsItsWidth(page)).toBe(true);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("a, button, label, p, h1, h2")]
        .filter((element) => !element.closest(".visually-hidden, [inert]"))
        .filter((element) => element.scrollWidth > element.clientWidth + 1)
        .filter((element) => getComputedStyle(element).display !== "inline")
        .map((element) => element.outerHTML),
    );
    expect(cut).toEqual([]);
  }
});

test("on a phone with text of 32 pixels no page of a company with a number scrolls sideways", async () => {
  const page = await site.openModal({ width: 412 });
  await rows(page).first().click();
  await confirm(page).click();
  await page.waitForURL("**/dashboard");
  for (const path of ["/dashboard", "/calls", "/settings", "/settings/phone", "/settings/calls"]) {
    await page.goto(path);
    await ready(page);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "32px";
    });
    expect([path, await fitsItsWidth(page)]).toEqual([path, true]);
  }
});

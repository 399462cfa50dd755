import { expect, test } from "vitest";
import { aCompany } from "../support/client.ts";
import { focused, ready, useSite } from "./visitor.ts";

const site = useSite(3);

test("a refused form focuses its errors, which link to the fields", async () => {
  const page = await site.visit("/signup");
  await page.fill("#company_name", "Ring & Sons");
  await page.fill("#email", "nonsense");
  await page.click("main form > button");
  await page.waitForSelector(".error-summary");
  await ready(page);
  expect(await focused(page)).toMatch(/^There is a problem/);
  expect(await page.title()).toMatch(/^Error: Create an account/);
  expect(await page.inputValue("#company_name")).toBe("Ring & Sons");
  await page.click(".error-summary >> text=Enter an email address like");
  expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("email");
  expect(await page.getAttribute("#email", "aria-describedby")).toBe("email-hint email-error");
});

test("a password can be shown with JavaScript only, and is hidden when it is sent", async () => {
  const plain = await site.visit("/login", { javaScript: false });
  expect(await plain.locator("text=Show").count()).toBe(0);

  const page = await site.visit("/login");
  await page.fill("#password", "a long quiet evening");
  const type = () => page.getAttribute("#password", "type");
  await page.click("[aria-label='Show password']");
  expect(await type()).toBe("text");
  await page.click("[aria-label='Hide password']");
  expect(await type()).toBe("password");
  await page.click("[aria-label='Show password']");
  await page.route("**/login", () => {});
  expect(
    await page.evaluate(async () => {
      document.querySelector<HTMLElement>("main form > button")?.click();
      await new Promise((resolve) => setTimeout(resolve));
      return document.querySelector("#password")?.getAttribute("type");
    }),
  ).toBe("password");
});

test("a form that is being sent says so, and is not sent twice", async () => {
  const page = await site.visit("/signup");
  for (const [name, value] of Object.entries(aCompany())) {
    await page.fill(`[name=${name}]`, value);
  }
  let sent = 0;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/signup", async (route) => {
    sent++;
    await held;
    await route.continue();
  });
  // Playwright itself would wait for the answer.
  const state = await page.evaluate(async () => {
    const button = document.querySelector<HTMLElement>("main form > button");
    for (let clicks = 0; clicks < 3; clicks++) {
      button?.click();
      await new Promise((resolve) => setTimeout(resolve));
    }
    button?.focus();
    return {
      text: button?.textContent,
      disabled: button?.getAttribute("aria-disabled"),
      focused: document.activeElement === button,
    };
  });
  expect(state).toEqual({
    text: "Creating account…",
    disabled: "true",
    focused: true,
  });
  letGo();
  await page.waitForURL("**/dashboard/choose-number");
  expect(sent).toBe(1);
});

test("fields say what they are for, so that browsers can fill them in", async () => {
  const autocomplete = async (path: string) => {
    const page = await site.visit(path);
    return page
      .locator("main input:not([type=hidden])")
      .evaluateAll((inputs) =>
        inputs.map((input) => [input.getAttribute("name"), input.getAttribute("autocomplete")]),
      );
  };
  expect(await autocomplete("/signup")).toEqual([
    ["company_name", "organization"],
    ["owner_name", "name"],
    ["phone", "tel"],
    ["email", "email"],
    ["password", "new-password"],
  ]);
  expect(await autocomplete("/login")).toEqual([
    ["email", "username"],
    ["password", "current-password"],
  ]);
});

test("the number can be copied", async () => {
  const page = await site.openModal();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("label.row").nth(1).click();
  await page.click("dialog >> text=Confirm");
  await page.waitForURL("**/dashboard");
  await page.goto("/settings/phone");
  await page.click("button:has-text('Copy')");
  await page.waitForSelector("text=Copied");
  const shown = await page.textContent("dd .phone-number");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
    shown?.replaceAll(" ", ""),
  );
});

import { expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import {
  chosen,
  confirm,
  focused,
  isModal,
  modal,
  problem,
  ready,
  rows,
  takeNumber,
  useSite,
  valueOf,
} from "./visitor.ts";

const site = useSite(600);

test.each([true, false])(
  "choosing nothing is reported at the top (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.openModal({ javaScript });
    await confirm(page).click();
    await problem(page).waitFor();
    const text = "Select a phone number, or skip for now.";
    expect(await problem(page).innerText()).toBe(text);
    if (!javaScript) {
      expect(await page.title()).toMatch(/^Error: Choose Your Phone Number/);
      return;
    }
    expect(await focused(page)).toBe(text);
    // A double click after that hits the intended row, since nothing moves before the next answer.
    const row = await rows(page).nth(2).boundingBox();
    const value = await valueOf(page, 2);
    await page.mouse.dblclick(row!.x + 60, row!.y + 10, { delay: 30 });
    expect(await page.inputValue("[name=phone_number]:checked")).toBe(value);
    expect(await rows(page).nth(2).boundingBox()).toEqual(row);
    expect(await problem(page).innerText()).toBe(text);
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
  },
);

test.each([true, false])(
  "a number that has just gone brings a message and a fresh list, with the search kept and nothing selected (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.openModal({ javaScript });
    await page.fill("#search", "086 0000");
    await page.press("#search", "Enter");
    await page.waitForURL("**search=086**");
    await rows(page).first().waitFor();
    const taken = await valueOf(page, 0);
    const next = await valueOf(page, 1);
    await rows(page).first().click();
    await takeNumber(site.db, taken);
    await confirm(page).click();
    await problem(page).waitFor();
    const text = `${formatPhoneNumber(taken)} is no longer available. Choose another.`;
    expect(await problem(page).innerText()).toBe(text);
    await page.waitForSelector(`input[value="${taken}"]`, {
      state: "detached",
    });
    if (javaScript) expect(await focused(page)).toBe(text);
    expect(await valueOf(page, 0)).toBe(next);
    expect(await page.inputValue("#search")).toBe("086 0000");
    expect(await chosen(page)).toBe("");
    await page.waitForFunction(
      () => document.querySelector(".modal-footer button")?.textContent === "Confirm",
    );
    await rows(page).first().click();
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    expect(await page.textContent(".own-number .phone-number")).toBe(formatPhoneNumber(next));
  },
);

test("a double click is one request and one assignment", async () => {
  const page = await site.openModal();
  let posts = 0;
  page.on("request", (request) => {
    if (request.method() === "POST") posts++;
  });
  await rows(page).first().click();
  await confirm(page).dblclick();
  await page.waitForURL("**/dashboard");
  expect(posts).toBe(1);
});

test("while it assigns it says so, stays focusable, and cannot be closed", async () => {
  const page = await site.openModal();
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/choose-number.data**", async (route) => {
    if (route.request().method() === "POST") await held;
    await route.continue();
  });
  await rows(page).first().click();
  await confirm(page).click();
  await modal(page).getByText("Assigning…").waitFor();
  expect(await confirm(page).getAttribute("aria-disabled")).toBe("true");
  expect(await confirm(page).getAttribute("disabled")).toBeNull();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  expect(await isModal(page)).toBe(true);
  letGo();
  await page.waitForURL("**/dashboard");
});

test("the same number in two tabs succeeds in both", async () => {
  const first = await site.openModal();
  const second = await first.context().newPage();
  await second.goto("/dashboard/choose-number");
  await ready(second);
  for (const tab of [first, second]) await rows(tab).first().click();
  for (const tab of [first, second]) {
    await confirm(tab).click();
    await tab.waitForURL("**/dashboard");
  }
  expect(await second.textContent(".own-number .phone-number")).toBe(
    await first.textContent(".own-number .phone-number"),
  );
});

test("another number in a second tab leads to the one that the company has", async () => {
  const first = await site.openModal();
  const second = await first.context().newPage();
  await second.goto("/dashboard/choose-number");
  await ready(second);
  await rows(first).first().click();
  await rows(second).nth(1).click();
  await confirm(first).click();
  await first.waitForURL("**/dashboard");
  await confirm(second).click();
  await second.waitForURL("**/settings/phone");
  await second.waitForSelector("text=Your company already has a number. It can't be changed.");
  expect(await second.textContent("dd .phone-number")).toBe(
    await first.textContent(".own-number .phone-number"),
  );
});

test("a fault of the server keeps the modal and the choice, and a second try works", async () => {
  const page = await site.openModal();
  await rows(page).first().click();
  const label = await confirm(page).innerText();
  await site.db.raw("begin immediate");
  try {
    await confirm(page).click();
    await problem(page).waitFor();
  } finally {
    await site.db.raw("rollback");
  }
  expect(await problem(page).innerText()).toBe(
    "We couldn't assign a number. Nothing was changed. Try again.",
  );
  expect(await confirm(page).innerText()).toBe(label);
  await confirm(page).click();
  await page.waitForURL("**/dashboard");
});

test.each([true, false])(
  "signed out elsewhere, a choice leads to log-in with an explanation, and back (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.openModal({ javaScript });
    await rows(page).first().click();
    await page.context().clearCookies();
    await confirm(page).click();
    await page.getByText("You were signed out. Log in to go on.").waitFor();
    expect(new URL(page.url()).searchParams.get("redirectTo")).toMatch(
      /^\/dashboard\/choose-number/,
    );
  },
);

test.each([
  ["before it is there", false],
  ["after it has done its work", true],
])(
  "a choice whose sending is cut off %s keeps the modal, and can be sent again",
  async (_, done) => {
    const page = await site.openModal();
    await rows(page).first().click();
    const label = await confirm(page).innerText();
    await page.route("**/choose-number.data**", async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      if (done) await route.fetch();
      await route.abort();
    });
    await confirm(page).click();
    await problem(page).waitFor();
    expect(await problem(page).innerText()).toBe(
      "We couldn't reach the server. Check your connection and try again: sending it twice is safe.",
    );
    expect(await isModal(page)).toBe(true);
    expect(await confirm(page).innerText()).toBe(label);
    await page.unroute("**/choose-number.data**");
    await confirm(page).click();
    await page.waitForURL("**/dashboard");
    expect(label).toBe(`Confirm ${await page.textContent(".own-number .phone-number")}`);
  },
);

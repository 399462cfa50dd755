import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { launchBrowser } from "../support/browser.ts";
import { expectConsoleError } from "../support/console.ts";
import {
  confirm,
  focused,
  modal,
  openModal,
  ready,
  rows,
  startSite,
  takeNumber,
  type Site,
} from "./visitor.ts";

let browser: Browser;
let site: Site;
beforeAll(async () => {
  browser = await launchBrowser();
  site = await startSite(600);
});

const isModal = (page: Page) =>
  page.evaluate(() => document.querySelector("dialog")?.matches(":modal"));

const valueOf = async (page: Page, row: number) =>
  (await rows(page).nth(row).locator("input").getAttribute("value")) ?? "";

const chosen = (page: Page) => modal(page).locator(":checked").inputValue();

const problem = (page: Page) => modal(page).getByRole("alert");

test("it opens as a modal with the focus on its heading, and nothing behind it scrolls", async () => {
  const page = await openModal(browser, site);
  expect(await isModal(page)).toBe(true);
  expect(await focused(page)).toBe("Choose Your Phone Number");
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).overflow)).toBe(
    "hidden",
  );
  expect(await chosen(page)).toBe("");
  expect(await modal(page).getAttribute("aria-labelledby")).toBe(
    await modal(page).getByRole("heading").getAttribute("id"),
  );
});

test("without JavaScript it looks the same", async () => {
  const boxes = [];
  for (const javaScript of [true, false]) {
    const page = await openModal(browser, site, { javaScript });
    expect(await isModal(page)).toBe(javaScript);
    boxes.push(await page.locator("dialog").boundingBox());
  }
  expect(boxes[0]).toEqual(boxes[1]);
});

test("a double click on a row that is partly out of sight selects that row", async () => {
  const page = await openModal(browser, site);
  await page.locator("dialog").evaluate((dialog) => dialog.scrollTo(0, 300));
  const edges = await page.locator("dialog").evaluate((dialog) => {
    const footer = dialog.querySelector(".modal-footer")?.getBoundingClientRect().top ?? 0;
    return [dialog.getBoundingClientRect().top, footer];
  });
  const boxes = await rows(page).evaluateAll((labels) =>
    labels.map((label) => label.getBoundingClientRect().toJSON() as DOMRect),
  );
  const cut = boxes.flatMap(({ top, bottom }, row) =>
    edges.some((edge) => top < edge - 2 && bottom > edge + 2) ? [row] : [],
  );
  expect(cut.length).toBeGreaterThan(0);
  for (const row of cut) {
    const { left, top, bottom } = boxes[row]!;
    const y = top < edges[0]! ? bottom - 2 : top + 2;
    await page.mouse.dblclick(left + 60, y, { delay: 30 });
    expect(await chosen(page)).toBe(await valueOf(page, row));
  }
});

test("a browser that has no modal dialogs gets the dialog of the page without JavaScript, and it works", async () => {
  const page = await openModal(browser, site);
  await page.addInitScript(() => {
    delete (HTMLDialogElement.prototype as Partial<HTMLDialogElement>).showModal;
  });
  await page.reload();
  await ready(page);
  expect(await isModal(page)).toBe(false);
  expect(await focused(page)).toBe("Choose Your Phone Number");
  await page.keyboard.press("Escape");
  await page.waitForURL("**/dashboard");
  await page.click("text=Configure Phone");
  await modal(page).waitFor();
  await rows(page).first().click();
  const label = await confirm(page).innerText();
  await confirm(page).click();
  await page.waitForURL("**/dashboard");
  expect(label).toBe(`Confirm ${await page.textContent(".own-number")}`);
});

test.each([true, false])(
  "in a browser without inert, nothing behind the modal can be tabbed to (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
    // A browser of today for one of then: it does not know the attribute, and asks the style sheet's question rightly.
    if (javaScript) {
      await page.addInitScript(
        () => delete (HTMLDialogElement.prototype as Partial<HTMLDialogElement>).showModal,
      );
    }
    await page.route(/\.css$/, async (route) => {
      const css = await (await route.fetch()).text();
      const asked = css.replace(/@supports \(not selector\(:modal\)\)[^{]*/, "@media all");
      await route.fulfill({
        contentType: "text/css",
        body: asked.replaceAll("[inert]", "[inert-unknown]"),
      });
    });
    await page.route("**/choose-number", async (route) => {
      const response = await route.fetch();
      const html = (await response.text()).replaceAll(' inert=""', ' inert-unknown=""');
      await route.fulfill({ response, body: html });
    });
    if (javaScript) {
      page.removeAllListeners("console");
      page.removeAllListeners("pageerror");
    }
    await page.reload();
    await ready(page);
    const places = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      places.add(
        await page.evaluate(() => {
          const { activeElement } = document;
          if (activeElement === document.body) return "the page itself";
          return activeElement?.closest("dialog") ? "the modal" : (activeElement?.outerHTML ?? "");
        }),
      );
    }
    expect([...places].sort()).toEqual(["the modal", "the page itself"]);
  },
);

test("no number is selected to begin with, for screen readers and the keyboard too", async () => {
  const page = await openModal(browser, site);
  const tree = await modal(page).getByRole("group").ariaSnapshot();
  expect(tree).toContain('group "Available phone numbers"');
  expect(tree).toContain('radio "None yet" [checked]');
  expect(tree.match(/\[checked\]/g)).toHaveLength(1);

  const none = modal(page).locator(".none-yet");
  const radio = none.getByRole("radio");
  const seen = () => none.evaluate((label) => getComputedStyle(label).clipPath === "none");
  expect(await seen()).toBe(false);
  const before = await rows(page).first().boundingBox();
  for (let i = 0; i < 5 && !(await radio.evaluate((it) => it === document.activeElement)); i++) {
    await page.keyboard.press("Tab");
  }
  expect(await seen()).toBe(true);
  expect(await rows(page).first().boundingBox()).toEqual(before);
  await page.keyboard.press("ArrowDown");
  expect(await chosen(page)).toBe(await valueOf(page, 0));
  expect(await seen()).toBe(false);
  expect(await confirm(page).innerText()).toMatch(/^Confirm \+353/);
  await page.keyboard.press("ArrowUp");
  expect(await chosen(page)).toBe("");
  expect(await confirm(page).innerText()).toBe("Confirm");
});

test("Escape is Skip for Now, as often as it is pressed", async () => {
  const page = await openModal(browser, site);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.waitForURL("**/dashboard");
  await page.waitForSelector("text=You don't have a number yet");
  expect(await page.locator("dialog, [inert]").count()).toBe(0);
});

test("Escape in Settings is Cancel", async () => {
  const page = await openModal(browser, site);
  await page.goto("/settings/phone/choose");
  await ready(page);
  await page.keyboard.press("Escape");
  await page.waitForURL("**/settings/phone");
  await page.waitForSelector("dialog", { state: "detached" });
});

test("a click on the backdrop does nothing", async () => {
  const page = await openModal(browser, site);
  await page.mouse.click(5, 5);
  await page.mouse.click(1270, 400);
  expect(page.url()).toMatch(/choose-number$/);
  expect(await isModal(page)).toBe(true);
});

test("Confirm is never disabled, and names the number that is selected", async () => {
  const page = await openModal(browser, site);
  expect(await confirm(page).innerText()).toBe("Confirm");
  expect(await confirm(page).isEnabled()).toBe(true);
  for (const row of [1, 4]) {
    await rows(page)
      .nth(row)
      .click({ position: { x: 300, y: 10 } });
    const number = formatPhoneNumber(await valueOf(page, row));
    expect(await confirm(page).innerText()).toBe(`Confirm ${number}`);
  }
});

test.each([true, false])(
  "nothing chosen is told at the top (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
    await confirm(page).click();
    await problem(page).waitFor();
    const text = "Select a phone number, or skip for now.";
    expect(await problem(page).innerText()).toBe(text);
    if (!javaScript) {
      expect(await page.title()).toMatch(/^Error: Choose Your Phone Number/);
      return;
    }
    expect(await focused(page)).toBe(text);
    // A double click after it hits the row that it is meant for, since nothing moves before the next answer.
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
  "a number that goes meanwhile: a message, a fresh list, the search kept, nothing selected (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
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
    expect(await page.textContent(".own-number")).toBe(formatPhoneNumber(next));
  },
);

test.each([true, false])(
  "a search narrows the list and can be cleared (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
    await page.fill("#search", "999888");
    await modal(page).getByText("Search", { exact: true }).click();
    await modal(page).getByText("No numbers contain 999888. Try fewer digits.").waitFor();
    expect(await rows(page).count()).toBe(0);
    await modal(page).getByText("Clear").click();
    await rows(page).first().waitFor();
    expect(await page.inputValue("#search")).toBe("");
    expect(await rows(page).count()).toBe(10);
    expect(await modal(page).getByRole("status").innerText()).toMatch(
      /^Showing 10 of 5\d\d$|^Showing 10 of 600$/,
    );
    if (javaScript) {
      expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("search");
    }
  },
);

test("a search that hides the selected number takes the selection away", async () => {
  const page = await openModal(browser, site);
  await rows(page).first().click();
  await page.fill("#search", "0599");
  await page.press("#search", "Enter");
  await page.waitForFunction(
    () => document.querySelector(".modal-footer button")?.textContent === "Confirm",
  );
  await page.fill("#search", "");
  await page.press("#search", "Enter");
  await page.waitForFunction(
    () => document.querySelectorAll("label.row:not(.none-yet)").length === 10,
  );
  expect(await confirm(page).innerText()).toBe("Confirm");
  expect(await chosen(page)).toBe("");
});

test("showing more keeps the place and the selection", async () => {
  const page = await openModal(browser, site);
  await rows(page).nth(8).click();
  const label = await confirm(page).innerText();
  const more = modal(page).getByText("Show more numbers");
  await more.scrollIntoViewIfNeeded();
  const scrolled = () => page.evaluate(() => document.querySelector("dialog")?.scrollTop);
  const before = await scrolled();
  await more.press("Enter");
  await rows(page).nth(29).waitFor();
  expect(await scrolled()).toBe(before);
  expect(await confirm(page).innerText()).toBe(label);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("id"))).toBe("number-11");
  expect(page.url()).toMatch(/\?show=30$/);
});

test("without JavaScript, showing more begins at the first new number", async () => {
  const page = await openModal(browser, site, { javaScript: false });
  await modal(page).getByText("Show more numbers").click();
  await page.waitForURL("**?show=30#number-11");
  const row = await rows(page).nth(10).boundingBox();
  expect(row?.y).toBeGreaterThanOrEqual(0);
  expect(row?.y).toBeLessThan(700);
});

test("a double click is one request and one assignment", async () => {
  const page = await openModal(browser, site);
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
  const page = await openModal(browser, site);
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

test("the same number in two tabs is a good answer in both", async () => {
  const first = await openModal(browser, site);
  const second = await first.context().newPage();
  await second.goto("/dashboard/choose-number");
  await ready(second);
  for (const tab of [first, second]) await rows(tab).first().click();
  for (const tab of [first, second]) {
    await confirm(tab).click();
    await tab.waitForURL("**/dashboard");
  }
  expect(await second.textContent(".own-number")).toBe(await first.textContent(".own-number"));
});

test("another number in a second tab leads to the one that the company has", async () => {
  const first = await openModal(browser, site);
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
  expect(await second.textContent("dd .phone-number")).toBe(await first.textContent(".own-number"));
});

test("a fault of the server keeps the modal and the choice, and a second try works", async () => {
  const page = await openModal(browser, site);
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

test("a page that cannot be reached is told as that, and a fault of a script is not", async () => {
  const page = await openModal(browser, site);
  await modal(page).getByText("Skip for Now").click();
  await page.waitForURL("**/dashboard");
  await page.route("**/*.data**", (route) => route.abort());
  await page.getByRole("link", { name: "Settings", exact: true }).click();
  await page.waitForSelector("h1:text('The server could not be reached')");

  const broken = await openModal(browser, site);
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

describe("what the network cuts off keeps the modal and the choice, and can be tried again", () => {
  const unreachable = "We couldn't reach the server. Check your connection and try again.";
  const search = async (page: Page) => {
    await page.fill("#search", "059");
    await page.press("#search", "Enter");
  };
  const more = (page: Page) => modal(page).getByText("Show more numbers").click();
  const skip = (page: Page) => modal(page).getByText("Skip for Now").click();

  test.each([
    ["a search", search, "**/dashboard/choose-number?search=059", 10],
    ["Show more numbers", more, "**/dashboard/choose-number?show=30", 30],
  ])("%s", async (_, load, url, count) => {
    const page = await openModal(browser, site);
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

  test("Skip for Now needs no network, but where a choice was sent", async () => {
    const page = await openModal(browser, site);
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
    expect(label).toBe(`Confirm ${await page.textContent(".own-number")}`);
  });

  test("a search after another tab has chosen leads to the number", async () => {
    const page = await openModal(browser, site);
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
    expect(await page.textContent("dd .phone-number")).toBe(await other.textContent(".own-number"));
  });
});

test.each([true, false])(
  "signed out elsewhere, a choice leads to log-in with the words why, and back (JavaScript: %s)",
  async (javaScript) => {
    const page = await openModal(browser, site, { javaScript });
    await rows(page).first().click();
    await page.context().clearCookies();
    await confirm(page).click();
    await page.getByText("You were signed out. Log in to go on.").waitFor();
    expect(new URL(page.url()).searchParams.get("redirectTo")).toMatch(
      /^\/dashboard\/choose-number/,
    );
  },
);

describe("before scripts have come", () => {
  /** Loads the page again, whose scripts come when what this returns is called. */
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

  /** As password managers do. */
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
    "what is typed and chosen stays, also where something has changed the page: %s",
    async (changed) => {
      const page = await openModal(browser, site);
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
    "the row or button that has the focus keeps it, also where something has changed the page: %s",
    async (changed) => {
      const page = await openModal(browser, site);
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

describe("on a phone of 320 pixels", () => {
  test.each([true, false])(
    "the footer never hides the row that has the focus (JavaScript: %s)",
    async (javaScript) => {
      const page = await openModal(browser, site, {
        javaScript,
        width: 320,
        height: 568,
      });
      await rows(page).first().locator("input").focus();
      await page.keyboard.press("Space");
      for (let i = 0; i < 9; i++) {
        await page.keyboard.press("ArrowDown");
        const row = await modal(page).locator(".row:has(:focus)").boundingBox();
        const footer = await modal(page).locator(".modal-footer").boundingBox();
        expect(row && footer && row.y + row.height).toBeLessThanOrEqual(footer?.y ?? 0);
        expect(row?.y).toBeGreaterThanOrEqual(0);
      }
      const box = await page.locator("dialog").boundingBox();
      expect(box).toEqual({ x: 0, y: 0, width: 320, height: 568 });
    },
  );

  test("everything to press is at least 44 pixels high", async () => {
    const page = await openModal(browser, site, { width: 320 });
    for (const path of ["/dashboard/choose-number", "/dashboard", "/signup"]) {
      await page.goto(path);
      await ready(page);
      const small = await page
        .locator("a:visible, button:visible, input:visible, label.row:visible")
        .evaluateAll((elements) =>
          elements
            .filter((element) => !element.closest("[inert], .row > *, .skip-link, main > p"))
            .filter((element) => element.getBoundingClientRect().height < 44)
            .map((element) => element.outerHTML),
        );
      expect(small).toEqual([]);
    }
  });
});

describe("a small pool", () => {
  test("one screen of numbers has no search", async () => {
    const small = await startSite(10);
    const page = await openModal(browser, small);
    expect(await rows(page).count()).toBe(10);
    expect(await page.locator("#search").count()).toBe(0);
    expect(await modal(page).getByText("Show more numbers").count()).toBe(0);
    expect(await modal(page).getByRole("status").innerText()).toBe("10 numbers available");
  });

  test.each([true, false])(
    "an empty one says so and offers only to skip; the last number may go meanwhile (JavaScript: %s)",
    async (javaScript) => {
      const small = await startSite(1);
      const page = await openModal(browser, small, { javaScript });
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

test("the README's picture of the modal is there", async () => {
  const file = "docs/images/choose-number.png";
  if (!existsSync(file) || process.env["UPDATE_IMAGES"] === "1") {
    const fresh = await startSite(48_210);
    const page = await openModal(browser, fresh, { width: 1000, height: 760 });
    await rows(page).nth(1).click();
    await page.mouse.move(0, 0);
    await page.screenshot({ path: file, animations: "disabled" });
  }
  expect(existsSync(file)).toBe(true);
});

test.each([
  ["before it is there", false],
  ["after it has done its work", true],
])(
  "a choice whose sending is cut off %s keeps the modal, and can be sent again",
  async (_, done) => {
    const page = await openModal(browser, site);
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
    expect(label).toBe(`Confirm ${await page.textContent(".own-number")}`);
  },
);

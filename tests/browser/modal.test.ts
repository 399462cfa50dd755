import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import {
  chosen,
  confirm,
  focused,
  isModal,
  modal,
  openSite,
  problem,
  ready,
  rows,
  useSite,
  valueOf,
} from "./visitor.ts";

const site = useSite(600);

test("it opens as a modal with the focus on its heading, and nothing behind it scrolls", async () => {
  const page = await site.openModal();
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
    const page = await site.openModal({ javaScript });
    expect(await isModal(page)).toBe(javaScript);
    boxes.push(await page.locator("dialog").boundingBox());
  }
  expect(boxes[0]).toEqual(boxes[1]);
});

test("a double click on a row that is partly out of sight selects that row", async () => {
  const page = await site.openModal();
  let boxes: DOMRect[] = [];
  let edges: number[] = [];
  let cut: number[] = [];
  // Wherever the rows begin, one of these positions cuts through one.
  for (let scrolled = 300; cut.length === 0 && scrolled < 360; scrolled += 12) {
    await page.locator("dialog").evaluate((dialog, top) => dialog.scrollTo(0, top), scrolled);
    edges = await page.locator("dialog").evaluate((dialog) => {
      const footer = dialog.querySelector(".modal-footer")?.getBoundingClientRect().top ?? 0;
      return [dialog.getBoundingClientRect().top, footer];
    });
    boxes = await rows(page).evaluateAll((labels) =>
      labels.map((label) => label.getBoundingClientRect().toJSON() as DOMRect),
    );
    cut = boxes.flatMap(({ top, bottom }, row) =>
      edges.some((edge) => top < edge - 4 && bottom > edge + 4) ? [row] : [],
    );
  }
  expect(cut.length).toBeGreaterThan(0);
  for (const row of cut) {
    const { left, top, bottom } = boxes[row]!;
    const y = top < edges[0]! ? bottom - 2 : top + 2;
    await page.mouse.dblclick(left + 60, y, { delay: 30 });
    expect(await chosen(page)).toBe(await valueOf(page, row));
  }
});

test("a browser without modal dialogs gets the same dialog as without JavaScript, and it works", async () => {
  const page = await site.openModal();
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
  expect(label).toBe(`Confirm ${await page.textContent(".own-number .phone-number")}`);
});

test.each([true, false])(
  "in a browser without inert, nothing behind the modal can be tabbed to (JavaScript: %s)",
  async (javaScript) => {
    const page = await site.openModal({ javaScript });
    // Makes today's browser like an old one: without the attribute, and with the old answer to the
    // style sheet's query.
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
  const page = await site.openModal();
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
  const page = await site.openModal();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.waitForURL("**/dashboard");
  await page.waitForSelector("text=You don't have a number yet");
  expect(await page.locator("dialog, [inert]").count()).toBe(0);
});

test("a space on Skip for Now presses it", async () => {
  const page = await site.openModal();
  await page.getByText("Skip for Now").focus();
  await page.keyboard.press("Space");
  await page.waitForURL("**/dashboard");
  await modal(page).waitFor({ state: "detached" });
});

test("a refused choice is in the page's title until the modal closes", async () => {
  const page = await site.openModal();
  const title = await page.title();
  await confirm(page).click();
  await problem(page).waitFor();
  await page.waitForFunction(() => document.title.startsWith("Error: "));
  expect(await page.title()).toBe(`Error: ${title}`);
  await page.keyboard.press("Escape");
  await page.waitForURL("**/dashboard");
  await page.waitForFunction(() => document.title.startsWith("Dashboard"));
});

test("Escape in Settings is Cancel", async () => {
  const page = await site.openModal();
  await page.goto("/settings/phone/choose");
  await ready(page);
  await page.keyboard.press("Escape");
  await page.waitForURL("**/settings/phone");
  await page.waitForSelector("dialog", { state: "detached" });
});

test("a click on the backdrop does nothing", async () => {
  const page = await site.openModal();
  await page.mouse.click(5, 5);
  await page.mouse.click(1270, 400);
  expect(page.url()).toMatch(/choose-number$/);
  expect(await isModal(page)).toBe(true);
});

test("Confirm is never disabled, and names the number that is selected", async () => {
  const page = await site.openModal();
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

describe("on a phone of 320 pixels", () => {
  test.each([true, false])(
    "the footer never hides the row that has the focus (JavaScript: %s)",
    async (javaScript) => {
      const page = await site.openModal({
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

  test("everything that can be pressed is at least 44 pixels high", async () => {
    const page = await site.openModal({ width: 320 });
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

test("the README's picture of the modal is there", async () => {
  const file = "docs/images/choose-number.png";
  if (!existsSync(file) || process.env["UPDATE_IMAGES"] === "1") {
    const fresh = await openSite(48_210);
    const page = await fresh.openModal({ width: 1280, height: 800 });
    await rows(page).nth(1).click();
    await page.mouse.move(0, 0);
    await page.screenshot({ path: file, animations: "disabled" });
  }
  expect(existsSync(file)).toBe(true);
});

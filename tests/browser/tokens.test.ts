import { describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { expectNoFindings } from "./findings.ts";
import { focused, ready, useSite } from "./visitor.ts";

const site = useSite(3);

describe.each([
  { scriptsCome: true, width: 1280 },
  { scriptsCome: false, width: 320 },
])("API tokens in a browser, with scripts $scriptsCome at $width px", (options) => {
  test("are made, shown once, and revoked after a confirmation", async () => {
    const page = await site.openModal(options);
    await page.goto("/settings");
    await ready(page);
    await page.click("text=API tokens");
    await page.waitForURL("**/settings/tokens");
    await ready(page);
    await expectNoFindings(page);

    await page.fill("#name", "Ünïcödé <CI> & cron");
    await page.click("text=Make token");
    await page.waitForSelector(".error-summary");
    await ready(page);
    await expectNoFindings(page);
    expect(await page.title()).toMatch(/^Error: API tokens/);
    expect(await page.inputValue("#name")).toBe("Ünïcödé <CI> & cron");
    await page.check("text=See the available numbers and your own");
    await page.selectOption("#expires", "");
    await page.click("text=Make token");
    await page.waitForSelector(".secret");
    await ready(page);
    await expectNoFindings(page);
    const token = (await page.textContent(".secret code")) ?? "";
    expect(token).toMatch(/^cpn_\w{49}$/);
    const program = new Client(site.url, { Authorization: `Bearer ${token}` });
    expect((await program.get("/api/phone-numbers/current")).status).toBe(200);
    expect((await program.get("/api/calls")).status).toBe(403);

    await page.goto("/settings/tokens");
    await ready(page);
    const list = page.locator(".tokens li");
    expect(await list.count()).toBe(1);
    expect(await list.textContent()).toMatch(
      /^Ünïcödé <CI> & cronSee the available numbers and your ownMade .* · Last used .* (UTC|GMT|IST|BST|CES?T) · Never expires/,
    );
    expect(await page.content()).not.toContain(token);
    await page.click("text=Revoke");
    await page.waitForURL("**/revoke");
    await ready(page);
    await expectNoFindings(page);
    expect((await program.get("/api/phone-numbers/current")).status).toBe(200);
    const address = page.url();
    await page.click("main form > button");
    await page.waitForURL("**/settings/tokens");
    await ready(page);
    expect(await page.textContent(".banner")).toContain("Revoked.");
    expect(await list.count()).toBe(0);
    expect((await program.get("/api/phone-numbers/current")).status).toBe(401);
    expect((await page.goto(address))?.status()).toBe(404);
  });
});

test.each([true, false])("the API's page has no findings, with scripts %s", async (scriptsCome) => {
  const page = await site.visit("/api/docs", { scriptsCome, width: 320 });
  await expectNoFindings(page);
  await page.click("text=Take a number, for ever");
  expect(page.url()).toMatch(/#assignNumber$/);
});

test("a link to the confirmation focuses it, and another company's token is not there", async () => {
  const page = await site.openModal();
  await page.goto("/settings/tokens");
  await ready(page);
  await page.fill("#name", "One");
  await page.check("#scopes");
  await page.click("text=Make token");
  await page.waitForSelector(".secret");
  await ready(page);
  await page.click("a:has-text('Revoke')");
  await page.waitForURL("**/revoke");
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  expect(await focused(page)).toBe("Revoke One?");
  const other = await site.openModal();
  expect((await other.goto(page.url()))?.status()).toBe(404);
});

test.each(textBrowsers.filter(isInstalled))("%s makes a token and revokes it", async (program) => {
  const company = aCompany();
  await new Client(site.url).signUp(company);
  const text = new TextBrowser(program, `'${site.url}/login?redirectTo=/settings/tokens'`);
  await text.shows("Password");
  await text.fill("Email address", company["email"]!, company["password"]!);
  await text.goOn();
  text.pressHere();
  await text.shows("Make a token");

  await text.fillBelow("What will use it", "till");
  await text.press("numbers:read");
  await text.press("Make token");
  await text.shows(/This is the token till. Copy it now: it is not shown again.\s+cpn_\w{49}\s/);
  const [token = ""] = /cpn_\w{49}/.exec(text.screen()) ?? [];
  const current = async () =>
    (
      await fetch(`${site.url}/api/phone-numbers/current`, {
        headers: { Authorization: `Bearer ${token}` },
      })
    ).status;
  expect(await current()).toBe(200);

  await text.press("Revoke till");
  await text.shows("Revoke till?");
  await text.press("Revoke token");
  await text.shows("Revoked.");
  expect(await current()).toBe(401);
});

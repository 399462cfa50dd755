import { beforeAll, describe, expect, test } from "vitest";
import { beginSession } from "#app/domain/sessions.server.ts";
import { isInstalled, textBrowsers } from "../support/text-browser.ts";
import { signUpIn, skip } from "./text-visitor.ts";
import { startSite, type Site } from "./visitor.ts";

let site: Site;
beforeAll(async () => {
  site = await startSite(3);
});

describe.each(textBrowsers.filter(isInstalled))("%s, to the end of each job", (program) => {
  test("change names and the password, end a session, close the account", async () => {
    const { browser, company_name, email, password } = await signUpIn(program, site.url);
    await skip(browser);
    const company = await site.db("companies").where({ email }).first("id");
    const id = company!.id;
    await beginSession(site.db, id);

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Account");
    await browser.shows("Time zone");
    await browser.fill("Company name", " & Daughters");
    await browser.pressAt("Save");
    await browser.shows("Saved.");
    expect(await site.db("companies").where({ id }).first("company_name")).toEqual({
      company_name: `${company_name} & Daughters`,
    });

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Security");
    await browser.shows("Recent events");
    await browser.press("Sessions");
    await browser.shows("This browser");
    await browser.press("End session");
    await browser.shows("The session is ended.");
    expect(await site.db("company_sessions").where({ company_id: id })).toHaveLength(1);

    await browser.press("Security");
    await browser.shows("Recent events");
    await browser.press("Change password");
    await browser.shows("Present password");
    const next = "another long evening";
    // A password's field is below its label.
    await browser.goTo("Security");
    await browser.goOn();
    await browser.fill("", password, next);
    await browser.press("Change password");
    await browser.shows("Your password is changed");

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Account");
    await browser.shows("Time zone");
    await browser.press("Close your account");
    await browser.shows("Nobody can undo this.");
    await browser.goTo("Download your data");
    await browser.goOn();
    await browser.fill("", next);
    await browser.press("Close the account");
    await browser.shows("Your account is closed");
    expect(await site.db("companies").where({ id }).first("email")).toEqual({
      email: `erased-${id}@invalid`,
    });
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { beginSession } from "#app/domain/sessions.server.ts";
import { aCompany } from "../support/client.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { startSite, type Site } from "./visitor.ts";

let site: Site;
beforeAll(async () => {
  site = await startSite(3);
});

describe.each(textBrowsers.filter(isInstalled))("%s, to the end of each job", (program) => {
  test("change names and the password, end a session, close the account", async () => {
    const browser = new TextBrowser(program, `${site.url}/signup`);
    await browser.shows("Create account");
    const { company_name = "", owner_name = "", email = "", password = "" } = aCompany();
    await browser.fill("Company name", company_name, owner_name, "", email, password);
    await browser.press("Create account");
    await browser.shows("Choose Your Phone Number");
    await browser.goTo("Skip for Now");
    await browser.goOn();
    browser.pressHere();
    await browser.shows(/Dashboard – Company Phone Numbers/);
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
    // A password's field stands under its label.
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

import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { until } from "../support/load.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { startSite, type Site } from "./visitor.ts";

const next = "another long evening";

let mail: MailServer;
let site: Site;
beforeAll(async () => {
  mail = await startMailServer();
  site = await startSite(3, {
    SMTP_URL: mail.url,
    MAIL_FROM: "numbers@example.com",
    REQUIRE_VERIFIED_EMAIL: "on",
  });
});

/** The address of the newest link that was sent. */
async function linkTo(address: string, kind: "reset" | "verify"): Promise<string> {
  let link: string | undefined;
  await until(`a ${kind} link`, () => {
    const links = mail.arrived.filter(({ to }) => to[0] === address).flatMap((one) => one.links);
    link = links.findLast((one) => one.startsWith(`/${kind}/`));
    return link !== undefined;
  });
  return site.url + link;
}

describe.each(textBrowsers.filter(isInstalled))("%s, back into an account", (program) => {
  const open = (path: string) => new TextBrowser(program, site.url + path);

  async function logIn(browser: TextBrowser, email: string, password: string): Promise<void> {
    await browser.shows("Forgot your password?");
    await browser.fill("Email address", email, password);
    await browser.pressAt("Log in");
  }

  async function setPassword(browser: TextBrowser): Promise<void> {
    await browser.shows("Choose a new password");
    await browser.fillBelow("8 characters or more", next);
    await browser.press("Set password");
    await browser.shows("Your password was changed.");
  }

  test("with a code that was made in Settings: lost password, code, new password, dashboard", async () => {
    const { email = "", password = "", ...names } = aCompany();
    await new Client(site.url).signUp({ ...names, email, password });
    const owner = open("/login?redirectTo=/settings/security");
    await logIn(owner, email, password);
    await owner.shows("You have no recovery codes yet.");
    await owner.fillBelow("Password", password);
    await owner.press("Make recovery codes");
    await owner.shows("They are shown this once.");
    const codes = owner.screen().match(/(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}/g) ?? [];
    expect(codes).toHaveLength(10);

    const browser = open("/login");
    await logIn(browser, email, "not any more");
    await browser.shows("Email or password is incorrect");
    await browser.press("Forgot your password?");
    await browser.shows("Recovery code");
    await browser.fill("Email address", email);
    await browser.fillBelow("XXXX-XXXX-XXXX-XXXX", `${codes[0]!.slice(0, -4)}ZZZZ`);
    await browser.press("Continue");
    await browser.shows("do not open an account together");
    await browser.retypeBelow("once.", codes[0]!.toLowerCase());
    await browser.press("Continue");
    await setPassword(browser);
    await logIn(browser, email, next);
    await browser.shows(/Dashboard – /);
    expect((await new Client(site.url).post("/api/login", { email, password })).status).toBe(401);
  });

  test("with a link from a mail; and another link confirms an address before log-in", async () => {
    const { email = "", password = "", ...names } = aCompany();
    await new Client(site.url).signUp({ ...names, email, password });
    const asking = open("/forgot");
    await asking.shows("Recovery code (optional)");
    await asking.fill("Email address", email);
    await asking.press("Continue");
    await asking.shows("If there is an account with that address");
    const browser = new TextBrowser(program, await linkTo(email, "reset"));
    await setPassword(browser);
    await logIn(browser, email, next);
    await browser.shows(/Dashboard – /);

    const other = aCompany();
    await new Client(site.url).signUp(other);
    const confirming = new TextBrowser(program, await linkTo(other.email!, "verify"));
    await confirming.shows("This proves that you read the mail");
    await confirming.press("Confirm");
    await confirming.shows("Your email address is confirmed.");
    await logIn(confirming, other.email!, other.password!);
    await confirming.shows(/Dashboard – /);
    expect(confirming.screen()).not.toContain("have it sent again");
  });
});

import { aCompany } from "../support/client.ts";
import { TextBrowser } from "../support/text-browser.ts";

type Program = TextBrowser["program"];

/**
 * Signs a new company up in a text browser, which then shows the picker.
 * @param pauses as with {@link TextBrowser}
 */
export async function signUpIn(program: Program, siteUrl: string, pauses = false) {
  const browser = new TextBrowser(program, `${siteUrl}/signup`, pauses);
  await browser.shows("Create account");
  const { company_name = "", owner_name = "", email = "", password = "" } = aCompany();
  await browser.fill("Company name", company_name, owner_name, "", email, password);
  await browser.press("Create account");
  await browser.shows("Choose Your Phone Number");
  return { browser, company_name, email, password };
}

/** Skips the choice of a number. */
export async function skip(browser: TextBrowser): Promise<void> {
  await browser.goTo("Skip for Now");
  await browser.goOn();
  browser.pressHere();
  await browser.shows(/Dashboard – Company Phone Numbers/);
}

import { beforeAll, describe, expect, test } from "vitest";
import { callHandlingOf } from "#app/domain/call-handling.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { newCallSid } from "../support/calls.ts";
import { aCompany, Client } from "../support/client.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { signUpIn, skip } from "./text-visitor.ts";
import { startSite, type Site } from "./visitor.ts";

let site: Site;
beforeAll(async () => {
  site = await startSite(60);
});

const companyOf = (email: string) =>
  site.db("companies").where({ email }).first<{ id: number; twilio_phone_number: string | null }>();

/** Gives a company the newest available number. */
async function assignAny(companyId: number): Promise<string> {
  const [number = ""]: string[] = await site
    .db("twilio_phone_numbers")
    .where({ status: "available" })
    .orderBy("id", "desc")
    .offset(5)
    .limit(1)
    .pluck("phone_number");
  await assignPhoneNumber(site.db, companyId, number);
  return number;
}

describe.each(textBrowsers.filter(isInstalled))("%s, to the end of each job", (program) => {
  test("sign up, choose a number, say what happens to calls, log out and in", async () => {
    const { browser, email, password } = await signUpIn(program, site.url);

    // What the browser selects by itself is not a number, so one key press makes nothing permanent.
    expect(browser.screen()).toContain("(*) None yet");
    await browser.press("Confirm");
    await browser.shows("Select a phone number, or skip for now.");
    expect(await companyOf(email)).toMatchObject({ twilio_phone_number: null });

    const [, number = ""] = /\( ?\) (\+353 86 \d{3} \d{4})/.exec(browser.screen()) ?? [];
    await browser.press(number);
    await browser.shows(`(*) ${number}`);
    await browser.press("Confirm");
    await browser.shows(`${number} is your number.`);
    const company = await companyOf(email);
    expect(company?.twilio_phone_number).toBe(number.replaceAll(" ", ""));

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Call handling");
    await browser.shows("Seconds to ring");
    await browser.press("Ring a SIP address");
    await browser.shows("(*) Ring a SIP address");
    await browser.goOn();
    await browser.fill("", "sip:desk@example.com");
    await browser.press("Save");
    await browser.shows("Saved.");
    expect(await callHandlingOf(site.db, company?.id ?? 0)).toMatchObject({
      mode: "sip",
      target: "sip:desk@example.com",
    });

    await browser.press("Log out");
    await browser.shows("A phone number for your company, for good");
    await browser.goTo("Log in");
    await browser.goOn();
    browser.pressHere();
    await browser.shows("Password");
    await browser.fill("Email address", email, "not the password");
    await browser.goOn();
    browser.pressHere();
    await browser.shows("Email or password is incorrect.");
    await browser.fill("@example.c", "", password);
    await browser.goOn();
    browser.pressHere();
    await browser.shows("Your phone number");
    expect(browser.screen()).toContain(number);
  });

  test("the calls and their CSV", async () => {
    const { email = "", password = "", ...names } = aCompany();
    const { body } = await new Client(site.url).post("/api/signup", { ...names, email, password });
    const { id: companyId } = body.company as { id: number };
    const number = await assignAny(companyId);
    await recordIncomingCall(
      site.db,
      {
        callSid: newCallSid(),
        from: "+353871112222",
        to: number,
        status: "ringing",
        at: new Date(),
      },
      { companyId, route: "message" },
    );

    const browser = new TextBrowser(program, `${site.url}/login?redirectTo=/calls`);
    await browser.shows("Password");
    await browser.fill("Email address", email, password);
    await browser.goOn();
    browser.pressHere();
    await browser.shows("+353 87 111 2222");
    await browser.pressAt("Download as CSV");
    await browser.shows("started_at,caller,called,outcome");
    expect(browser.screen()).toContain("Z,+353 87 111 2222,");
  });

  test("skip, choose later in Settings, and find a number by its digits", async () => {
    const { browser, email } = await signUpIn(program, site.url);
    await skip(browser);
    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Phone Configuration");
    await browser.shows("Configure Phone");
    await browser.press("Configure Phone");
    await browser.shows("Cancel");
    const last = program === "lynx" ? 8 : 9;
    const number = `+353 86 000 005${last}`;
    await browser.goTo("Search");
    await browser.fill("Search", `6000005${last}`);
    await browser.goOn();
    browser.pressHere();
    await browser.shows("1 number matches");
    await browser.press(number);
    await browser.press("Confirm");
    await browser.shows(`${number} is your number.`);
    expect(await companyOf(email)).toMatchObject({
      twilio_phone_number: number.replaceAll(" ", ""),
    });
  });

  test("lose the password, and get back in with a recovery code", async () => {
    const { browser, email, password } = await signUpIn(program, site.url);
    await skip(browser);
    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Security");
    await browser.shows("You have no recovery codes yet.");
    await browser.fillBelow("Password", password);
    await browser.press("Make recovery codes");
    await browser.shows("They are shown this once.");
    const codes = browser.screen().match(/\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b/g) ?? [];
    expect(codes).toHaveLength(10);
    await browser.press("Log out");
    await browser.shows("A phone number for your company, for good");

    // Another machine, without the session and the password.
    const elsewhere = new TextBrowser(program, `${site.url}/login`);
    await elsewhere.shows("Forgot your password?");
    await elsewhere.press("Forgot your password?");
    await elsewhere.shows("With one of your recovery codes");
    await elsewhere.fill("Email address", email);
    await elsewhere.fillBelow("Like XXXX", codes[6]!.toLowerCase());
    await elsewhere.press("Continue");
    await elsewhere.shows("Choose a new password");
    await elsewhere.fillBelow("8 characters or more", "a short loud morning");
    await elsewhere.press("Set password");
    await elsewhere.shows("Your password was changed.");
    await elsewhere.fill("Email address", email, "a short loud morning");
    await elsewhere.goOn();
    elsewhere.pressHere();
    await elsewhere.shows("Your phone number");
  });
});

test.each(["lynx" as const].filter(isInstalled))(
  "%s is told of no redirect that is not absolute, but where a form leads back to its own page, which it shows anew",
  async (program) => {
    const { browser } = await signUpIn(program, site.url, true);
    const [, number = ""] = /\( ?\) (\+353 86 \d{3} \d{4})/.exec(browser.screen()) ?? [];
    await browser.press(number);
    await browser.shows(`(*) ${number}`);
    await browser.press("Confirm");
    await browser.shows(`${number} is your number.`);
    expect(browser.saidNotAbsolute).toBe(false);

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Call handling");
    await browser.shows("Seconds to ring");
    await browser.press("Save");
    await browser.shows("Saved.");
    expect(browser.saidNotAbsolute).toBe(true);
    // A page that the browser already has, and that the form has changed.
    await browser.press("Dashboard");
    await browser.shows("Check what callers hear ✓ Done");
  },
);

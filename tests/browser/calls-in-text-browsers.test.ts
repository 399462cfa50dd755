import { beforeAll, describe, expect, test } from "vitest";
import { blockedCallers, withheldChoiceOf } from "#app/domain/blocked-callers.server.ts";
import { recordIncomingCall, recordRecording } from "#app/domain/call-events.server.ts";
import { callHandlingOf } from "#app/domain/call-handling.server.ts";
import { findMessage } from "#app/domain/messages.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { makeToldLink, toldAddresses } from "#app/domain/told-addresses.server.ts";
import { newCallSid } from "../support/calls.ts";
import { aCompany, Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { until } from "../support/load.ts";
import { startMailServer } from "../support/mail-server.ts";
import { startServer } from "../support/server.ts";
import { isInstalled, TextBrowser, textBrowsers } from "../support/text-browser.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";
import type { Site } from "./visitor.ts";

const site = {} as Site;
let numbers: string[];
let twilio: TwilioApi;

beforeAll(async () => {
  twilio = await startTwilioApi();
  const mail = await startMailServer();
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  site.db = openDatabase(databaseUrl);
  numbers = await fillPool(site.db, 2);
  const env = { ...twilio.environment, SMTP_URL: mail.url, MAIL_FROM: "numbers@example.com" };
  site.url = (await startServer({ databaseUrl, env })).url;
});

/** A company with a message, and a browser on its Call handling. */
async function signedIn(program: (typeof textBrowsers)[number]) {
  const { email = "", password = "", ...names } = aCompany();
  const { body } = await new Client(site.url).post("/api/signup", { ...names, email, password });
  const { id } = body.company as { id: number };
  const number = numbers.pop()!;
  await assignPhoneNumber(site.db, id, number);
  const callSid = newCallSid();
  const event = { callSid, from: "+353871112222", to: number };
  await recordIncomingCall(site.db, event, { companyId: id, route: "message" });
  const sid = `RE${callSid.slice(2)}`;
  await recordRecording(site.db, event, { sid, seconds: 1 });
  twilio.recordings.add(sid);
  const browser = new TextBrowser(program, `${site.url}/login?redirectTo=/settings/calls`);
  await browser.shows("Password");
  await browser.fill("Email address", email, password);
  await browser.goOn();
  browser.pressHere();
  await browser.shows(/Callers hear: “Thank you for calling Ring & Sons.”, then a request/);
  return { browser, id, callSid, sid, email };
}

describe.each(textBrowsers.filter(isInstalled))("%s, to the end of each job", (program) => {
  test("say where calls go, block callers, hear a message and delete it, have an address told", async () => {
    const { browser, id, callSid, sid, email } = await signedIn(program);

    await browser.press("Ring a phone");
    await browser.shows("(*) Ring a phone");
    await browser.fillBelow("Start with the country code", "086 1");
    await browser.fillBelow("How long a phone or a SIP address rings", "900");
    await browser.press("Save");
    await browser.shows("There is a problem");
    await browser.shows("Error: Enter how many seconds to ring, from 5 to 60.");
    await browser.retypeBelow("Error: Enter a phone number", "+353 87 333 4444");
    await browser.retypeBelow("Error: Enter how many seconds", "45");
    await browser.press("Save");
    await browser.shows("Saved.");
    expect(await callHandlingOf(site.db, id)).toMatchObject({
      mode: "phone",
      target: "+353873334444",
      ringSeconds: 45,
    });

    await browser.press("Who may not call");
    await browser.shows("Nobody is blocked.");
    await browser.press("Refuse them");
    await browser.shows("(*) Refuse them");
    await browser.press("Save");
    await browser.shows("Saved.");
    expect(await withheldChoiceOf(site.db, id)).toBe("refuse");
    await browser.fillBelow("Start with the country code", "00353 (87) 555-6666");
    await browser.press("Block");
    await browser.shows("The caller is blocked.");
    await browser.press("Unblock +353 87 555 6666");
    await browser.shows("The caller is not blocked any more.");
    expect(await blockedCallers(site.db, id)).toEqual([]);

    await browser.press("Calls 1");
    await browser.shows("Not heard yet");
    await browser.pressAt("Block");
    await browser.shows("The caller is blocked");
    expect(await blockedCallers(site.db, id)).toMatchObject([{ caller: "+353871112222" }]);
    await browser.pressAt("Download the message");
    // Each browser asks in its own words what to do with a sound; by then it has arrived.
    await browser.shows(/D\)ownload|Save file to/);
    await until("the message is heard", async () => {
      return (await findMessage(site.db, id, callSid))?.state === "heard";
    });
    await browser.cancel();
    await browser.pressAt("Delete");
    await browser.shows("Delete this message?");
    await browser.press("Delete message");
    await browser.shows("The message was deleted.");
    expect(twilio.recordings.has(sid)).toBe(false);

    await browser.press("Settings");
    await browser.shows("recovery codes");
    await browser.press("Call handling");
    await browser.shows("Who is told of missed calls and messages");
    await browser.press("Mail of missed calls");
    await browser.shows("Nobody is told yet.");
    await browser.press("Add");
    await browser.shows("A mail with a link is on its way there.");
    const token = await makeToldLink(site.db, id, email);
    const reader = new TextBrowser(program, `${site.url}/told/${token}`);
    await reader.press("Confirm");
    await reader.shows("Confirmed.");
    expect(await toldAddresses(site.db, id)).toEqual([{ email, confirmed: true }]);
    await reader.press("Stop these mails");
    await reader.shows("No more mail");
    expect(await toldAddresses(site.db, id)).toEqual([]);
  });
});

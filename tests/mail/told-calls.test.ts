import type { ActionFunctionArgs } from "@remix-run/node";
import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import {
  recordCallStatus,
  recordIncomingCall,
  recordRecording,
} from "#app/domain/call-events.server.ts";
import { tellIdle } from "#app/domain/gone-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToldAddress, mostTold, toldAddresses } from "#app/domain/told-addresses.server.ts";
import { saveTimeZone } from "#app/domain/time-zone.server.ts";
import { noteVerified } from "#app/domain/verified-emails.server.ts";
import { action, loader } from "#app/routes/told.$token.tsx";
import { mail } from "#app/work/send-mail.server.ts";
import { callsTold } from "#app/work/tell-calls.server.ts";
import { doJob } from "#app/work/work.server.ts";
import { newCallSid } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines } from "../support/databases.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const stops = new AbortController().signal;
const publicUrl = "https://numbers.example.com";

describe.each(engines)("mail of calls on %s", (engine) => {
  let server: MailServer;
  let db: Knex;
  let company: number;
  let number: string;

  beforeEach(async () => {
    const { url } = await createMigratedDatabase(engine);
    server = await startMailServer();
    useEnvironment({
      DATABASE_URL: url,
      PUBLIC_URL: publicUrl,
      SMTP_URL: server.url,
      MAIL_FROM: "numbers@example.com",
    });
    db = database();
    [number] = (await fillPool(db, 1)) as [string];
    company = await insertCompany(db, { email: "ann@example.com" });
    await assignPhoneNumber(db, company, number);
    await saveTimeZone(db, company, "Europe/Berlin");
  });

  const send = () => doJob(mail, stops);
  /** Lets some time pass for the calls that wait, then tells and sends. */
  async function tell(minutes = 1): Promise<string[]> {
    const before = server.arrived.length;
    await db("calls_to_tell")
      .whereNull("told_at")
      .update({ noted_at: minutesAgo(minutes) });
    await doJob(callsTold, stops);
    await send();
    return server.arrived.slice(before).map((one) => one.header("Subject") ?? "");
  }
  const minutesAgo = (minutes: number) =>
    new Date(Date.now() - minutes * 60_000).toISOString().slice(0, 19).replace("T", " ");

  async function isToldAt(email: string): Promise<void> {
    await noteVerified(db, company, email);
    expect(await addToldAddress(db, company, email)).toBe("confirmed");
  }

  async function misses(from = "+353871112222", message = false): Promise<string> {
    const callSid = newCallSid();
    const event = { callSid, from, to: number, at: new Date("2026-11-22T10:00:00Z") };
    await recordIncomingCall(db, event, { companyId: company, route: "message" });
    const ended = { ...event, at: new Date("2026-11-22T10:00:09Z"), status: "completed" };
    const recording = { sid: `RE${callSid.slice(2)}`, seconds: 7 };
    if (message) await recordRecording(db, event, recording);
    await recordCallStatus(db, ended, 9);
    // Everything is told twice.
    if (message) await recordRecording(db, event, recording);
    await recordCallStatus(db, ended, 9);
    return callSid;
  }

  const ask = (path: string, form?: Record<string, string>) => {
    const request = new Request(publicUrl + path, {
      method: form ? "POST" : "GET",
      ...(form && { body: new URLSearchParams(form) }),
    });
    const args = { request, params: { token: path.split("/")[2] }, context: {} };
    return (form ? action(args as ActionFunctionArgs) : loader(args)) as Promise<unknown>;
  };

  test("a missed call and a message get a mail each, once, with what was promised and nothing else", async () => {
    await isToldAt("ann@example.com");
    await misses();
    expect(await tell()).toEqual(["Missed call from +353 87 111 2222"]);
    await misses("+353871112222", true);
    expect(await tell()).toEqual(["Message from +353 87 111 2222"]);
    expect(await tell()).toEqual([]);
    const [, arrived] = server.arrived;
    expect(arrived?.to).toEqual(["ann@example.com"]);
    expect(arrived?.raw).toContain("22 Nov 2026, 11:00: Message of 7 s, from +353 87 111 2222");
    expect(arrived?.raw).toContain("Times are in Europe/Berlin.");
    expect(arrived?.raw).toContain(`${publicUrl}/calls`);
    expect(arrived?.raw).not.toMatch(/multipart|attachment/i);
  });

  test("answered and blocked calls, and calls of a company without such addresses, get none", async () => {
    await misses();
    expect(await tell()).toEqual([]);
    await isToldAt("ann@example.com");
    for (const route of ["blocked", "phone"] as const) {
      const event = { callSid: newCallSid(), from: "+353871112222", to: number };
      await recordIncomingCall(db, event, { companyId: company, route });
      if (route === "phone")
        await db("calls").where({ call_sid: event.callSid }).update({ dial_result: "answered" });
      await recordCallStatus(db, { ...event, status: "completed" }, 9);
    }
    expect(await tell()).toEqual([]);
  });

  test("a caller that is not a number is not named", async () => {
    await isToldAt("ann@example.com");
    await misses("anonymous");
    await misses("sip:click-here@evil.example");
    expect((await tell()).toSorted()).toEqual([
      "Missed call from a SIP address",
      "Missed call from a withheld number",
    ]);
    expect(server.arrived.map(({ raw }) => raw).join()).not.toContain("evil.example");
  });

  test("more than three in ten minutes share a mail", async () => {
    await isToldAt("ann@example.com");
    for (let i = 0; i < 3; i++) await misses();
    expect(await tell()).toHaveLength(3);
    for (let i = 0; i < 4; i++) await misses("+353871112222", i === 0);
    expect(await tell(2)).toEqual([]);
    expect(await tell(11)).toEqual(["4 calls that nobody took"]);
    expect(server.arrived.at(-1)?.raw.match(/Missed call, from/g)).toHaveLength(3);
  });

  test("a call erased meanwhile is not mailed", async () => {
    await isToldAt("ann@example.com");
    await misses();
    await db("calls_to_tell").update({ noted_at: minutesAgo(1) });
    await doJob(callsTold, stops);
    await db("calls").delete();
    await send();
    expect(server.arrived).toEqual([]);
  });

  test("another address has to confirm first, by a link that opening does not spend, and can stop with one click", async () => {
    expect(await addToldAddress(db, company, "desk@example.com")).toBe("link-sent");
    expect(await addToldAddress(db, company, "desk@example.com")).toBe("link-sent");
    await misses();
    expect(await tell()).toEqual(["Confirm that you want mail of missed calls"]);
    const link = server.arrived[0]!.links.find((path) => path.startsWith("/told/")) ?? "";
    expect(await ask(link)).toMatchObject({ data: { state: "asked", email: "desk@example.com" } });
    expect(await toldAddresses(db, company)).toEqual([
      { email: "desk@example.com", confirmed: false },
    ]);
    await ask(link, { confirm: "yes" });
    expect(await toldAddresses(db, company)).toEqual([
      { email: "desk@example.com", confirmed: true },
    ]);

    await misses();
    await tell();
    const arrived = server.arrived.at(-1)!;
    expect(arrived.header("List-Unsubscribe-Post")).toBe("List-Unsubscribe=One-Click");
    const stop = /^<https:\/\/numbers\.example\.com(\/told\/[\w-]{43})>$/.exec(
      arrived.header("List-Unsubscribe") ?? "",
    )![1]!;
    await ask(stop, { "List-Unsubscribe": "One-Click" });
    expect(await toldAddresses(db, company)).toEqual([]);
    await misses();
    expect(await tell()).toEqual([]);
    expect(await ask(link)).toMatchObject({ data: { state: "stopped", email: null } });
    // No table has the secret of a link.
    expect(JSON.stringify(await db("told_links"))).not.toContain(stop.split("/")[2]);
  });

  test("a company can have only so many addresses, and an idle number's owner is told once", async () => {
    for (let i = 0; i < mostTold; i++) await addToldAddress(db, company, `a${i}@example.com`);
    expect(await addToldAddress(db, company, "more@example.com")).toBe("too-many");
    expect(await toldAddresses(db, company)).toHaveLength(mostTold);

    const later = new Date(Date.now() + 26 * 86_400_000);
    expect(await tellIdle(db, 25, later)).toBe(0);
    await noteVerified(db, company, "ann@example.com");
    expect(await tellIdle(db, 25, later)).toBe(1);
    expect(await tellIdle(db, 25, later)).toBe(0);
    await db("mail_queue").whereNot({ kind: "number-idle" }).delete();
    await send();
    expect(server.arrived.map((one) => [one.header("Subject"), one.to])).toEqual([
      ["Ring your number once", ["ann@example.com"]],
    ]);
  });
});

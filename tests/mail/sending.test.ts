import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import { queueMail, unsentMail, type MailKind } from "#app/domain/mail-queue.server.ts";
import { requestResetLink, resettingWith } from "#app/domain/password-reset.server.ts";
import { service } from "#app/domain/audit.server.ts";
import { requestEmailChange } from "#app/domain/verified-emails.server.ts";
import { mail } from "#app/work/send-mail.server.ts";
import { doJob } from "#app/work/work.server.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines } from "../support/databases.ts";
import { until } from "../support/load.ts";
import { startMailServer, type MailServer } from "../support/mail-server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const stops = new AbortController().signal;

describe.each(engines)("mail on %s", (engine) => {
  let server: MailServer;
  let db: Knex;
  beforeEach(async () => {
    const { url } = await createMigratedDatabase(engine);
    server = await startMailServer();
    useEnvironment({
      DATABASE_URL: url,
      PUBLIC_URL: "https://numbers.example.com",
      SMTP_URL: server.url,
      MAIL_FROM: "Acme Numbers <numbers@example.com>",
    });
    db = database();
  });

  const send = () => doJob(mail, stops);
  const queued = () => db("mail_queue").orderBy("id");
  /** Makes all waiting mail due. */
  const later = () => db("mail_queue").update({ next_try_at: "2026-01-01 00:00:00" });
  const queue = async (address: string, kind: MailKind = "password-changed") =>
    queueMail(db, { kind, companyId: await insertCompany(db), address });

  test("is sent and gone from the queue, with a Message-ID and no typed text in it", async () => {
    const company_name = "Acme\r\nBcc: all@example.com";
    const companyId = await insertCompany(db, { company_name, email: "ann@example.com" });
    await queueMail(db, { kind: "verify-email", companyId, address: "ann@example.com" });
    const [row] = await queued();
    expect(await send()).toBe("done");
    expect(await queued()).toEqual([]);
    const [arrived, ...others] = server.arrived;
    expect(others).toEqual([]);
    expect(arrived).toMatchObject({ from: "numbers@example.com", to: ["ann@example.com"] });
    expect(arrived?.header("Message-ID")).toBe(`<${row?.message_id}>`);
    expect(arrived?.header("From")).toBe("Acme Numbers <numbers@example.com>");
    expect(arrived?.header("Subject")).toBe("Confirm your email address");
    expect(arrived?.raw).not.toMatch(/Bcc|Acme\r/);
    expect(arrived?.links).toHaveLength(1);
    // Nothing is left to do, so nobody takes the job.
    expect(await send()).toBe("not-due");
  });

  test("to an address that would forge a header is not sent, and is reported", async () => {
    await queue("ann@example.com\r\nBcc: all@example.com");
    await queue("ann@example.com>, <all@example.com");
    await send();
    expect(server.arrived).toEqual([]);
    expect(await unsentMail(db)).toMatchObject([{ count: 2, givenUp: true }]);
  });

  test("that the server refuses for good is given up and reported; mail that it puts off waits", async () => {
    server.manners = "refuses";
    await queue("nobody@example.com");
    await send();
    server.manners = "not-now";
    await queue("busy@example.com");
    await send();
    expect(await unsentMail(db)).toMatchObject([
      { count: 1, givenUp: true, why: "refused it (550)" },
      { count: 1, givenUp: false, why: "would not take it yet (450)" },
    ]);
    server.manners = "takes";
    expect(await send()).toBe("not-due");
    await later();
    await send();
    expect(server.arrived.map(({ to }) => to)).toEqual([["busy@example.com"]]);
    expect(await unsentMail(db)).toMatchObject([{ givenUp: true }]);
  });

  test("to a slow server waits for it, and is sent once", async () => {
    server.manners = 500;
    await queue("ann@example.com");
    const [first, second] = await Promise.all([send(), send()]);
    expect([first, second].filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(server.arrived).toHaveLength(1);
    expect(await queued()).toEqual([]);
  });

  test("that is cut off after DATA is sent again, with the same Message-ID", async () => {
    server.manners = "drops-after-data";
    await queue("ann@example.com");
    await send();
    expect(await unsentMail(db)).toMatchObject([{ count: 1, givenUp: false }]);
    server.manners = "takes";
    await later();
    await send();
    expect(await queued()).toEqual([]);
    const ids = server.arrived.map((arrived) => arrived.header("Message-ID"));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test("waits while no server answers, all of it for longer each time, and loses nothing", async () => {
    useEnvironment({ SMTP_URL: "smtp://127.0.0.1:1" });
    for (let i = 0; i < 20; i++) await queue(`company${i}@example.com`);
    await send();
    // One was tried, and the others did not each wait for a time-out.
    expect((await queued()).filter(({ tries }) => tries > 0)).toHaveLength(1);
    expect(await unsentMail(db)).toMatchObject([
      { count: 20, why: "does not answer", givenUp: false },
    ]);
    expect(await send()).toBe("not-due");
    useEnvironment({ SMTP_URL: server.url });
    await later();
    await send();
    expect(server.arrived).toHaveLength(20);
  });

  test.each(["hangs", "hangs-at-recipient", "hangs-after-data"] as const)(
    "to a server that %s is put off after a while, waits longer each time, and is not lost",
    async (manners) => {
      const impatient = "greetingTimeout=200&socketTimeout=200";
      useEnvironment({ SMTP_URL: `${server.url}/?${impatient}` });
      server.manners = manners;
      await queue("ann@example.com");
      const waits: number[] = [];
      for (let i = 0; i < 3; i++) {
        expect(await send()).toBe("done");
        // The connection is not left open.
        await until("it is closed", () => server.connections === 0);
        const [row] = await queued();
        waits.push((Date.parse(`${row!.next_try_at.replace(" ", "T")}Z`) - Date.now()) / 1000);
        expect(row).toMatchObject({ tries: i + 1, given_up_at: null });
        expect(await send()).toBe("not-due");
        await later();
      }
      for (const [index, seconds] of [10, 60, 300].entries()) {
        expect(waits[index]).toBeGreaterThan(seconds - 5);
        expect(waits[index]).toBeLessThanOrEqual(seconds);
      }
      expect(await unsentMail(db)).toMatchObject([{ count: 1, why: "does not answer" }]);
      server.manners = "takes";
      await send();
      expect(await queued()).toEqual([]);
      const ids = server.arrived.map((arrived) => arrived.header("Message-ID"));
      expect(ids.length).toBe(manners === "hangs-after-data" ? 4 : 1);
      expect(new Set(ids).size).toBe(1);
    },
  );

  test("at which the server hangs keeps no other mail waiting", async () => {
    useEnvironment({ SMTP_URL: `${server.url}/?greetingTimeout=200&socketTimeout=200` });
    server.manners = "hangs-after-data";
    server.towards = ["poison@example.com"];
    for (const name of ["poison", "ann", "bob"]) await queue(`${name}@example.com`);
    await send();
    await later();
    await send();
    expect((await queued()).map(({ address }) => address)).toEqual(server.towards);
    expect(await unsentMail(db)).toMatchObject([{ count: 1, givenUp: false }]);
  });

  test("waits longer each time that no server answers, whichever mail was tried", async () => {
    useEnvironment({ SMTP_URL: "smtp://127.0.0.1:1" });
    for (let i = 0; i < 3; i++) await queue(`company${i}@example.com`);
    const tried: number[] = [];
    for (let i = 0; i < 3; i++) {
      await send();
      tried.push(Math.max(...(await queued()).map(({ tries }) => tries)));
      await later();
    }
    expect(tried).toEqual([1, 2, 3]);
  });

  test("is given up after four days", async () => {
    useEnvironment({ SMTP_URL: "smtp://127.0.0.1:1" });
    await queue("ann@example.com");
    await db("mail_queue").update({ queued_at: "2026-01-01 00:00:00" });
    await send();
    expect(await unsentMail(db)).toMatchObject([{ count: 1, givenUp: true }]);
  });

  test("with a link to a new password gets a new link on each try, and earlier ones stay valid", async () => {
    await insertCompany(db, { email: "ann@example.com" });
    await requestResetLink(db, "ann@example.com", service);
    await requestResetLink(db, "ann@example.com", service);
    await requestResetLink(db, "nobody@example.com", service);
    expect(await queued()).toHaveLength(2);
    expect(await db("account_links")).toEqual([]);
    server.manners = "drops-after-data";
    await send();
    server.manners = "takes";
    await later();
    await send();
    expect(await queued()).toEqual([]);
    const links = server.arrived.flatMap((arrived) => arrived.links);
    expect(server.arrived.map(({ to }) => to)).toEqual([["ann@example.com"], ["ann@example.com"]]);
    expect(new Set(links).size).toBe(2);
    for (const link of links) {
      expect(await resettingWith(db, link.replace("/reset/", ""))).toBeDefined();
    }
    expect(JSON.stringify(await db("account_links"))).not.toContain(links[0]?.slice(7));
  });

  test("requested again and again is sent at most five times an hour", async () => {
    await insertCompany(db, { email: "ann@example.com" });
    for (let i = 0; i < 8; i++) {
      await requestResetLink(db, "ann@example.com", service);
      await send();
    }
    expect(server.arrived).toHaveLength(5);
    expect(await queued()).toEqual([]);
  });

  test("to an address that a company has withdrawn is not sent", async () => {
    const id = await insertCompany(db, { email: "ann@example.com" });
    expect(await requestEmailChange(db, id, "typo@example.com", service)).toBe("link-sent");
    expect(await requestEmailChange(db, id, "right@example.com", service)).toBe("link-sent");
    await send();
    expect(server.arrived.map(({ to }) => to)).toEqual([["right@example.com"]]);
    expect(await queued()).toEqual([]);
  });

  test("is not queued if none is configured", async () => {
    useEnvironment({ SMTP_URL: "", MAIL_FROM: "" });
    await queue("ann@example.com");
    expect(await queued()).toEqual([]);
    expect(await send()).toBe("not-due");
  });
});

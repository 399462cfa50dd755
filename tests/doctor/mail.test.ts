import { expect, test } from "vitest";
import { examineDatabase } from "#app/doctor/installation.server.ts";
import { nextMail, putOff, queueMail } from "#app/domain/mail-queue.server.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

test.each(engines)("the doctor shows what mail waits, and why (%s)", async (engine) => {
  const { url } = await createMigratedDatabase(engine);
  useEnvironment({ DATABASE_URL: url, SMTP_URL: "smtp://127.0.0.1:1", MAIL_FROM: "a@example.com" });
  const db = openDatabase(url);
  const findings = async () =>
    (await examineDatabase(db)).findings
      .filter(({ code }) => code.startsWith("mail-"))
      .map(({ code, finding }) => [code, finding]);
  const companyId = await insertCompany(db);
  const queue = (address: string) =>
    queueMail(db, { kind: "password-changed", companyId, address });

  await queue("ann@example.com");
  expect(await findings()).toEqual([]);
  await db("mail_queue").update({ queued_at: "2026-01-02 03:04:05" });
  expect(await findings()).toEqual([
    ["mail-not-tried", "One mail waits since 2026-01-02T03:04:05Z, and nobody sends."],
  ]);
  await db("mail_queue").update({
    queued_at: new Date().toISOString().slice(0, 19).replace("T", " "),
  });
  await queue("bob@example.com");
  await putOff(db, (await nextMail(db))!, "does not answer", "no-server");
  expect(await findings()).toEqual([
    [
      "mail-waiting",
      expect.stringMatching(/^2 mails wait since .*: the mail server does not answer\.$/),
    ],
  ]);
  await db("mail_queue").update({ next_try_at: "2026-01-01 00:00:00" });
  await putOff(db, (await nextMail(db))!, "refused it (550)", "refused");
  const told = await findings();
  expect(new Set(told.map(([code]) => code))).toEqual(new Set(["mail-refused", "mail-waiting"]));
  expect(JSON.stringify(told)).not.toContain("@example.com");
});

import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { operator, service } from "#app/domain/audit.server.ts";
import {
  eraseCompany,
  freezeCompany,
  unfreezeCompany,
} from "#app/domain/closed-companies.server.ts";
import { signIn, signUp, signUpFields, type Proven } from "#app/domain/companies.server.ts";
import { findLink } from "#app/domain/account-links.server.ts";
import { listSessions } from "#app/domain/own-sessions.server.ts";
import { changePassword } from "#app/domain/password-change.server.ts";
import { makeResetLink, resetPassword } from "#app/domain/password-reset.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { makeRecoveryCodes, recoveryCodesOf } from "#app/domain/recovery-codes.server.ts";
import { AccountChangedError, beginSession, findSession } from "#app/domain/sessions.server.ts";
import { makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import {
  requestEmailChange,
  verifyEmail,
  verifyLinkForMail,
} from "#app/domain/verified-emails.server.ts";
import { fillPool } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const password = "a long quiet evening";
const next = "another quiet evening";

describeEachEngine("what is under way while an account changes", (_engine, open) => {
  let db: Knex;
  let proven: Proven;
  let id: number;
  beforeEach(async () => {
    db = await open();
    const names = { company_name: "Acme", owner_name: "Ann", email: "ann@example.com" };
    const result = await signUp(db, signUpFields.parse({ ...names, password }));
    if (result.outcome !== "signed-up") throw new Error(result.outcome);
    proven = result;
    id = proven.company.id;
  });

  const begin = () => beginSession(db, id, new Date(), service, proven.passwordHash);

  async function reset(): Promise<void> {
    const link = await makeResetLink(db, id, operator);
    const token = link!.slice(link!.lastIndexOf("/") + 1);
    expect(await resetPassword(db, token, next, operator)).toBe("reset");
  }

  const changes: [string, () => Promise<unknown>][] = [
    ["is changed", async () => changePassword(db, proven.company, next, await begin())],
    ["is reset", reset],
    [
      "was frozen and unfrozen again, and set anew",
      async () => {
        await freezeCompany(db, id);
        await unfreezeCompany(db, id);
        await reset();
      },
    ],
    ["is frozen", () => freezeCompany(db, id)],
    ["is erased", () => eraseCompany(db, id)],
  ];
  for (const [what, change] of changes) {
    test(`a sign-in whose password was checked before the account ${what} begins no session`, async () => {
      await change();
      const before = await db("company_sessions");
      await expect(begin()).rejects.toThrow(AccountChangedError);
      expect(await db("company_sessions")).toEqual(before);
    });

    test(`a session that begins just as the account ${what} is refused, or ended at once`, async () => {
      const [begun] = await Promise.allSettled([begin(), change()]);
      if (begun.status === "fulfilled") expect(await findSession(db, begun.value)).toBeUndefined();
      else expect(begun.reason).toBeInstanceOf(AccountChangedError);
    });
  }

  test("a session that has ended makes no recovery codes and asks for no other email", async () => {
    const session = await begin();
    await reset();
    const codes = await makeRecoveryCodes(db, id, "", service, session);
    expect(codes).toEqual({ outcome: "signed-out" });
    expect((await recoveryCodesOf(db, id)).left).toBe(0);
    for (const mail of ["", "smtp://127.0.0.1:9"]) {
      useEnvironment({ SMTP_URL: mail, MAIL_FROM: mail && "us@example.com" });
      const email = "thief@example.com";
      expect(await requestEmailChange(db, id, email, service, session)).toBe("signed-out");
    }
    expect(await db("email_changes")).toEqual([]);
    expect(await signIn(db, "ann@example.com", next)).toMatchObject({ company: { id } });
  });

  for (const [what, change] of changes) {
    test(`a change of email requested before the account ${what} cannot be confirmed`, async () => {
      useEnvironment({ SMTP_URL: "smtp://127.0.0.1:9", MAIL_FROM: "us@example.com" });
      const thief = await begin();
      const email = "thief@example.com";
      expect(await requestEmailChange(db, id, email, service, thief)).toBe("link-sent");
      const token = await verifyLinkForMail(db, id, email);
      expect(await findLink(db, "verify", token!)).toBeDefined();
      await change();
      expect(await verifyEmail(db, token!, service)).toBe("link-unusable");
      expect(await verifyLinkForMail(db, id, email)).toBeUndefined();
      expect(await db("companies").where({ email })).toEqual([]);
    });
  }

  for (const [what, change] of changes) {
    test(`a token requested before the account ${what} is not made, since the session has ended`, async () => {
      const session = await begin();
      await change();
      const fields = tokenFields.parse({ name: "Thief", scopes: ["numbers:assign"] });
      const made = await makeToken(db, id, fields, service, session);
      expect(made).toEqual({ outcome: "signed-out" });
      expect(await db("company_tokens")).toEqual([]);
      expect(await db("audit_events").where({ event: "token-made" })).toEqual([]);
    });
  }

  test("a number confirmed after the account was erased stays in the pool", async () => {
    const [number] = await fillPool(db, 2);
    await eraseCompany(db, id);
    expect(await assignPhoneNumber(db, id, number)).toEqual({ outcome: "no-such-company" });
    expect(await db("twilio_phone_numbers").where({ status: "assigned" })).toEqual([]);
    expect(await listSessions(db, id)).toEqual([]);
  });

  test("a number confirmed during the erasure is the tombstone's for ever, or nobody's", async () => {
    const [number] = await fillPool(db, 2);
    const [{ outcome }] = await Promise.all([
      assignPhoneNumber(db, id, number),
      eraseCompany(db, id),
    ]);
    const held = outcome === "assigned" ? number : null;
    expect(["assigned", "no-such-company"]).toContain(outcome);
    expect(
      await db("companies").where({ id }).first("company_name", "twilio_phone_number"),
    ).toEqual({
      company_name: "Erased",
      twilio_phone_number: held,
    });
  });
});

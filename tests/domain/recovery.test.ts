import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { operator, readAudit, type By } from "#app/domain/audit.server.ts";
import { signIn, signUp, signUpFields } from "#app/domain/companies.server.ts";
import { changePassword } from "#app/domain/password-change.server.ts";
import { makeResetLink, resetPassword, resettingWith } from "#app/domain/password-reset.server.ts";
import {
  linkForCode,
  makeRecoveryCodes,
  meantCode,
  recoveryCodesOf,
} from "#app/domain/recovery-codes.server.ts";
import { beginSession, findSession } from "#app/domain/sessions.server.ts";
import { findToken, makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import { insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

const by: By = { actor: "visitor", address: "203.0.113.7", requestId: "request-1" };
const newPassword = "a short loud morning";

describeEachEngine("the way back in", (_engine, open) => {
  let db: Knex;
  let id: number;
  let codes: string[];
  const email = "ann@example.com";
  beforeEach(async () => {
    db = await open();
    id = await insertCompany(db, { email });
    codes = await make("");
  });

  async function make(batch: string, companyId = id): Promise<string[]> {
    const made = await makeRecoveryCodes(db, companyId, batch, by);
    return made.outcome === "made" ? made.codes : [];
  }
  const batch = async () => (await recoveryCodesOf(db, id)).batch;
  const link = (code: string | undefined, address = email) =>
    linkForCode(db, address, code ?? "", by);
  const opens = async (password: string) => {
    const proven = await signIn(db, email, password);
    return proven !== "frozen" && proven?.company.id === id;
  };

  test("ten codes of 80 bits are made, and the database has none of them", async () => {
    expect(codes).toHaveLength(10);
    for (const code of codes)
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(new Set(codes).size).toBe(10);
    const kept = JSON.stringify(await db("recovery_codes"))
      .replaceAll("-", "")
      .toUpperCase();
    for (const code of codes) expect(kept).not.toContain(meantCode(code).slice(0, 8));
    expect(await recoveryCodesOf(db, id)).toMatchObject({ left: 10 });
  });

  test("sending the form again makes no new codes, and of two at once only one does", async () => {
    expect(await make("")).toEqual([]);
    const second = await make(await batch());
    expect(second).toHaveLength(10);
    expect(await link(codes[0])).toBeUndefined();
    expect(await link(second[0])).toBeDefined();
    const shown = await batch();
    const both = await Promise.all([make(shown), make(shown)]);
    expect(both.map(({ length }) => length).sort((a, b) => a - b)).toEqual([0, 10]);
    // The very first form, sent long after.
    expect(await make("")).toEqual([]);
  });

  test("a code opens the account it was made for, however it is typed", async () => {
    const [code = ""] = codes;
    const typed = [
      code.toLowerCase(),
      code.replaceAll("-", ""),
      ` ${code.replaceAll("-", " – ")} `,
      code.replaceAll("0", "O").replaceAll("1", "l"),
    ];
    for (const text of typed) expect(await link(text), text).toBeDefined();
    expect(await link(code, " ANN@example.com ")).toBeDefined();
    await insertCompany(db, { email: "eve@example.com" });
    expect(await link(code, "eve@example.com")).toBeUndefined();
    expect(await link(code, "nobody@example.com")).toBeUndefined();
    expect(await link(code.slice(0, -1))).toBeUndefined();
    expect(await link("")).toBeUndefined();
  });

  test("it is spent when the password is set, not before, and ends every session and every other link", async () => {
    const session = await beginSession(db, id);
    const [first = "", second = ""] = codes;
    const unused = await link(first);
    const token = await link(first);
    const other = await link(second);
    expect((await recoveryCodesOf(db, id)).left).toBe(10);
    expect(await resettingWith(db, token!)).toMatchObject({ companyId: id });
    expect(await findSession(db, session)).toBeDefined();
    expect(await resetPassword(db, token!, newPassword, by)).toBe("reset");
    expect(await opens(newPassword)).toBe(true);
    expect(await findSession(db, session)).toBeUndefined();
    expect((await recoveryCodesOf(db, id)).left).toBe(9);
    for (const dead of [token, unused, other]) {
      expect(await resettingWith(db, dead!)).toBeUndefined();
      expect(await resetPassword(db, dead!, "another password", by)).toBe("link-unusable");
    }
    expect(await link(first)).toBeUndefined();
    expect(await link(second)).toBeDefined();
    expect(await opens(newPassword)).toBe(true);
  });

  for (const how of ["by an operator's link", "in Settings"]) {
    test(`a password that is set ${how} ends recovery codes and API tokens where its owner wants it, and only then`, async () => {
      const fields = tokenFields.parse({ name: "Thief", scopes: ["calls:read"] });
      const made = await makeToken(db, id, fields);
      const secret = made.outcome === "made" ? made.secret : "";
      const other = await insertCompany(db, { email: "eve@example.com" });
      await makeToken(db, other, fields);
      for (const otherAccess of [false, true]) {
        if (how === "in Settings") {
          const session = await beginSession(db, id);
          const company = { id, email: "ann@example.com" };
          const changed = await changePassword(db, company, newPassword, session, by, {
            otherAccess,
          });
          expect(changed.outcome).toBe("changed");
        } else {
          const token = (await makeResetLink(db, id, operator))!.split("/").at(-1)!;
          expect(await resetPassword(db, token, newPassword, by, { otherAccess })).toBe("reset");
        }
        const opens = [await link(codes[0]), await findToken(db, secret)];
        expect(opens.map((one) => one !== undefined)).toEqual([!otherAccess, !otherAccess]);
      }
      expect((await recoveryCodesOf(db, id)).left).toBe(0);
      expect(await db("company_tokens").pluck("company_id")).toEqual([other]);
      const events = await readAudit(db, { events: ["password-reset", "password-changed"] }, 2);
      expect(events.map(({ details }) => details?.ended)).toEqual([
        "recovery codes, API tokens",
        undefined,
      ]);
    });
  }

  test("of two resets at once only one succeeds, with one link, with two, and with two codes", async () => {
    const [first, second, third] = codes;
    const races = [
      async () => {
        const token = await link(first);
        return [token, token];
      },
      async () => [await link(second), await link(second)],
      async () => [await link(second), await link(third)],
    ];
    for (const tokens of races) {
      const outcomes = await Promise.all(
        (await tokens()).map((token, i) =>
          resetPassword(db, token ?? "none", `a password of race ${i}`, by),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === "reset").length).toBeLessThanOrEqual(1);
      const won = outcomes.indexOf("reset");
      if (won >= 0) expect(await opens(`a password of race ${won}`)).toBe(true);
    }
    expect((await readAudit(db, { events: ["password-reset"] }, 10)).length).toBeGreaterThan(1);
  });

  test("replaced codes invalidate the links made with them", async () => {
    const token = await link(codes[0]);
    await make(await batch());
    expect(await resetPassword(db, token!, newPassword, by)).toBe("link-unusable");
    expect(await opens(newPassword)).toBe(false);
  });

  test("a link lives an hour by the database's clock, whatever the machine's says", async () => {
    const token = await link(codes[0]);
    const soon = (minutes: number) =>
      db("account_links").update({
        expires_at: new Date(Date.now() + minutes * 60_000)
          .toISOString()
          .slice(0, 19)
          .replace("T", " "),
      });
    const [row] = await db("account_links");
    const lives = Date.parse(`${row!.expires_at.replace(" ", "T")}Z`) - Date.now();
    expect(Math.abs(lives - 60 * 60_000)).toBeLessThan(60_000);
    const now = Date.now;
    try {
      Date.now = () => now() + 3 * 60 * 60_000;
      expect(await resettingWith(db, token!)).toBeDefined();
      Date.now = () => now() - 3 * 60 * 60_000;
      expect(await resettingWith(db, token!)).toBeDefined();
    } finally {
      Date.now = now;
    }
    await soon(-1);
    expect(await resettingWith(db, token!)).toBeUndefined();
    expect(await resetPassword(db, token!, newPassword, by)).toBe("link-unusable");
  });

  test("an operator's link does the same, is bound to the email, and is in the audit trail", async () => {
    expect(await makeResetLink(db, id + 1_000, operator)).toBeUndefined();
    const address = await makeResetLink(db, id, operator);
    expect(address).toMatch(/^http:\/\/localhost:3000\/reset\/[\w-]{43}$/);
    const token = address!.slice(address!.lastIndexOf("/") + 1);
    expect(JSON.stringify(await db("account_links"))).not.toContain(token);
    const moved = (await makeResetLink(db, id, operator))!.split("/").at(-1)!;
    await db("companies").where({ id }).update({ email: "ann@new.example" });
    expect(await resetPassword(db, moved, newPassword, by)).toBe("link-unusable");
    await db("companies").where({ id }).update({ email });
    expect(await resetPassword(db, token, newPassword, by)).toBe("reset");
    expect(await opens(newPassword)).toBe(true);
    const [made] = await readAudit(db, { events: ["reset-link-made"] }, 1);
    expect(made).toMatchObject({ companyId: id, actor: "operator", details: { via: "operator" } });
    const [done] = await readAudit(db, { events: ["password-reset"] }, 1);
    expect(done).toMatchObject({ companyId: id, ...by });
  });

  test("the audit trail has who tried, and nothing secret", async () => {
    const token = await link(codes[0]);
    await link("wrong");
    await link(codes[1], "nobody@example.com");
    await resetPassword(db, token!, newPassword, by);
    const events = (await readAudit(db, {}, 10)).map(({ event, companyId }) => [event, companyId]);
    expect(events.toReversed()).toEqual([
      ["recovery-codes-made", id],
      ["reset-link-made", id],
      ["recovery-refused", id],
      ["recovery-refused", null],
      ["password-reset", id],
    ]);
    const text = JSON.stringify(await db("audit_events"));
    for (const secret of [token!, codes[0]!, meantCode(codes[0]!), newPassword, email]) {
      expect(text).not.toContain(secret);
    }
  });

  test("an unknown email and a wrong code cost the same statements", async () => {
    const statements: string[][] = [];
    for (const address of [email, "nobody@example.com"]) {
      const seen: string[] = [];
      const see = ({ sql }: { sql: string }) => void seen.push(sql);
      db.on("query", see);
      await link("0000-0000-0000-0000", address);
      db.removeListener("query", see);
      statements.push(seen);
    }
    expect(statements[0]!.length).toBeGreaterThan(2);
    expect(statements[1]).toEqual(statements[0]);
  });

  test("the old password opens nothing after a reset", async () => {
    const fields = signUpFields.parse({
      company_name: "Acme",
      owner_name: "Bob",
      email: "bob@example.com",
      password: "a long quiet evening",
    });
    const result = await signUp(db, fields, by);
    const bob = result.outcome === "signed-up" ? result.company.id : 0;
    const [code] = await make("", bob);
    const token = await link(code, "bob@example.com");
    expect(await resetPassword(db, token!, newPassword, by)).toBe("reset");
    expect(await signIn(db, "bob@example.com", "a long quiet evening")).toBeUndefined();
    expect(await signIn(db, "bob@example.com", newPassword)).toMatchObject({
      company: { id: bob },
    });
    expect(await opens(newPassword)).toBe(false);
  });
});

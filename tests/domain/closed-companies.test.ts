import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { readAudit } from "#app/domain/audit.server.ts";
import { eraseCaller } from "#app/domain/call-erasure.server.ts";
import { recordCallStatus, recordIncomingCall } from "#app/domain/call-events.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import {
  eraseCompany,
  freezeCompany,
  unfreezeCompany,
} from "#app/domain/closed-companies.server.ts";
import { signIn, type Company } from "#app/domain/companies.server.ts";
import { AccountChangedError, beginSession, findSession } from "#app/domain/sessions.server.ts";
import { findToken, makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import { from, newCallSid } from "../support/calls.ts";
import { annAndBob, called, password } from "../support/ann-and-bob.ts";
import { describeEachEngine } from "../support/databases.ts";

const skipped = new Set<string>(["signed-up", "assigned", "numbers-added"]);

describeEachEngine("closed companies", (_engine, open) => {
  let db: Knex;
  let ann: Company;
  let bob: Company;
  let number: string;
  let bobsNumber: string;
  beforeEach(async () => {
    db = await open();
    ({ ann, bob, number, bobsNumber } = await annAndBob(db));
  });

  async function tokenOf(company: Company): Promise<string> {
    const fields = tokenFields.parse({ name: "Billing", scopes: ["calls:read"] });
    const made = await makeToken(db, company.id, fields);
    if (made.outcome !== "made") throw new Error(made.outcome);
    return made.secret;
  }

  test("sessions end, nobody signs in, and only those who know the password are told why", async () => {
    const session = await beginSession(db, ann.id);
    const bobs = await beginSession(db, bob.id);
    const [token, bobsToken] = [await tokenOf(ann), await tokenOf(bob)];
    expect(await findToken(db, token)).toMatchObject({ company: { id: ann.id } });
    expect(await freezeCompany(db, ann.id)).toBe("done");
    expect(await findToken(db, token)).toBeUndefined();
    // A token that was just being made.
    await expect(tokenOf(ann)).rejects.toThrow("signed-out");
    expect(await findToken(db, bobsToken)).toBeDefined();
    expect(await findSession(db, session)).toBeUndefined();
    for (const table of ["company_sessions", "company_tokens"] as const) {
      expect(await db(table).where({ company_id: ann.id })).toEqual([]);
    }
    expect(await signIn(db, ann.email, password)).toBe("frozen");
    expect(await signIn(db, ann.email, "somebody's guess")).toBeUndefined();
    // A sign-in in progress.
    await expect(beginSession(db, ann.id)).rejects.toThrow(AccountChangedError);
    expect(await findSession(db, bobs)).toBeDefined();
    expect(await signIn(db, bob.email, password)).toMatchObject({ company: { id: bob.id } });
  });

  test("a frozen company's call is recognised and logged as such; the number stays", async () => {
    await freezeCompany(db, ann.id);
    expect(await findCalledCompany(db, number)).toMatchObject({
      companyId: ann.id,
      frozen: true,
    });
    expect(await findCalledCompany(db, bobsNumber)).toMatchObject({ frozen: false });
    const event = { callSid: newCallSid(), from, to: number };
    await recordIncomingCall(db, event, { companyId: ann.id, route: "frozen" });
    await recordCallStatus(db, { ...event, status: "completed" }, 4);
    expect(await db("calls").first("company_id", "route", "outcome")).toEqual({
      company_id: ann.id,
      route: "nobody",
      outcome: "missed",
    });
    const kept = await db("companies").where({ id: ann.id }).first("twilio_phone_number");
    expect(kept).toEqual({ twilio_phone_number: number });
  });

  test("unfreezing lets them in again, with a new session", async () => {
    const session = await beginSession(db, ann.id);
    await freezeCompany(db, ann.id);
    expect(await freezeCompany(db, ann.id)).toBe("already");
    expect(await unfreezeCompany(db, ann.id)).toBe("done");
    expect(await unfreezeCompany(db, ann.id)).toBe("already");
    expect(await findSession(db, session)).toBeUndefined();
    expect(await signIn(db, ann.email, password)).toMatchObject({ company: { id: ann.id } });
    expect(await findCalledCompany(db, number)).toMatchObject({ frozen: false });
  });

  test("an unknown company and an erased one are neither frozen nor unfrozen", async () => {
    for (const verb of [freezeCompany, unfreezeCompany, eraseCompany]) {
      expect(await verb(db, 999_999)).toBe("no-such-company");
    }
    await eraseCompany(db, ann.id);
    expect(await freezeCompany(db, ann.id)).toBe("erased");
    expect(await unfreezeCompany(db, ann.id)).toBe("erased");
    expect(await eraseCompany(db, ann.id)).toBe("already");
  });

  test("each of these leaves a line in the audit trail, naming only the id", async () => {
    const by = { actor: "operator", requestId: "request-1" } as const;
    await freezeCompany(db, ann.id, by);
    await freezeCompany(db, ann.id, by);
    expect(await signIn(db, ann.email, password)).toBe("frozen");
    await unfreezeCompany(db, ann.id, by);
    await eraseCompany(db, ann.id, by);
    await called(db, bob, bobsNumber);
    await eraseCaller(db, from, by);
    await eraseCaller(db, from, by);
    const lines = (await readAudit(db, {}, 20)).filter(({ event }) => !skipped.has(event));
    expect(lines.map(({ event, companyId }) => [event, companyId])).toEqual([
      ["caller-erased", null],
      ["account-erased", ann.id],
      ["company-unfrozen", ann.id],
      ["sign-in-refused", ann.id],
      ["company-frozen", ann.id],
    ]);
    expect(lines[4]).toMatchObject(by);
    expect(JSON.stringify(lines)).not.toMatch(/ann@|\+353/);
  });
});

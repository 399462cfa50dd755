import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { saveAccount } from "#app/domain/account.server.ts";
import { readAudit } from "#app/domain/audit.server.ts";
import { eraseCaller, expireCalls } from "#app/domain/call-erasure.server.ts";
import {
  recordCallStatus,
  recordIncomingCall,
  recordRecording,
} from "#app/domain/call-events.server.ts";
import { findCalledCompany, saveCallHandling } from "#app/domain/call-handling.server.ts";
import {
  eraseCallsOfErased,
  eraseCompany,
  freezeCompany,
  unfreezeCompany,
} from "#app/domain/closed-companies.server.ts";
import { signIn, signUp, signUpFields, type Company } from "#app/domain/companies.server.ts";
import { ownTables } from "#app/domain/own-tables.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { dueRecordings, recordingsWaiting } from "#app/domain/recordings-to-delete.server.ts";
import { AccountChangedError, beginSession, findSession } from "#app/domain/sessions.server.ts";
import { findToken, makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import { from, newCallSid, secondsIn } from "../support/calls.ts";
import { fillPool } from "../support/companies.ts";
import { createTestDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";
import { addLegacyRows, createLegacyTables, legacyNumber } from "../support/legacy.ts";
import { migrateToLatest } from "#app/migrate.server.ts";

const skipped = new Set<string>(["signed-up", "assigned", "numbers-added"]);
const password = "a long quiet evening";
const recording = (digit: string) => `RE${digit.repeat(32)}`;

describeEachEngine("closed companies", (engine, open) => {
  let db: Knex;
  let ann: Company;
  let bob: Company;
  let number: string;
  let bobsNumber: string;
  beforeEach(async () => {
    db = await open();
    ann = await signedUp("ann@example.com");
    bob = await signedUp("bob@example.com");
    [number, bobsNumber] = (await fillPool(db, 3)) as [string, string];
    await assignPhoneNumber(db, ann.id, number);
    await assignPhoneNumber(db, bob.id, bobsNumber);
  });

  async function signedUp(email: string): Promise<Company> {
    const names = { company_name: "Acme", owner_name: "Ann Owner", phone: "+353863334444" };
    const fields = signUpFields.parse({ ...names, email, password, time_zone: "Asia/Tokyo" });
    const result = await signUp(db, fields);
    if (result.outcome !== "signed-up") throw new Error(result.outcome);
    return result.company;
  }

  /** A call to a number that its company was given, and the message that was left. */
  async function called(
    company: Company,
    to: string,
    message?: string,
    at = secondsIn(0),
    caller = from,
  ): Promise<string> {
    const callSid = newCallSid();
    const event = { callSid, from: caller, to, at };
    await recordIncomingCall(db, event, { companyId: company.id, route: "message" });
    if (message) await recordRecording(db, { callSid, to, at }, { sid: message, seconds: 5 });
    return callSid;
  }

  async function tokenOf(company: Company): Promise<string> {
    const fields = tokenFields.parse({ name: "Billing", scopes: ["calls:read"] });
    const made = await makeToken(db, company.id, fields);
    if (made.outcome !== "made") throw new Error(made.outcome);
    return made.secret;
  }

  const callsOf = (company: Company) =>
    db("calls").where({ company_id: company.id }).pluck("call_sid");

  describe("frozen", () => {
    test("sessions end, nobody signs in, and only who knows the password is told why", async () => {
      const session = await beginSession(db, ann.id);
      const bobs = await beginSession(db, bob.id);
      const [token, bobsToken] = [await tokenOf(ann), await tokenOf(bob)];
      expect(await findToken(db, token)).toMatchObject({ company: { id: ann.id } });
      expect(await freezeCompany(db, ann.id)).toBe("done");
      expect(await findToken(db, token)).toBeUndefined();
      // One that was being made.
      await expect(tokenOf(ann)).rejects.toThrow("too-many-tokens");
      expect(await findToken(db, bobsToken)).toBeDefined();
      expect(await findSession(db, session)).toBeUndefined();
      expect(await signIn(db, ann.email, password)).toBe("frozen");
      expect(await signIn(db, ann.email, "somebody's guess")).toBeUndefined();
      // A sign-in that was under way.
      await expect(beginSession(db, ann.id)).rejects.toThrow(AccountChangedError);
      expect(await findSession(db, bobs)).toBeDefined();
      expect(await signIn(db, bob.email, password)).toMatchObject({ company: { id: bob.id } });
    });

    test("a call is found frozen, and told so in the log; the number stays", async () => {
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

    test("nobody's id, and a company that is erased, are neither frozen nor unfrozen", async () => {
      for (const verb of [freezeCompany, unfreezeCompany, eraseCompany]) {
        expect(await verb(db, 999_999)).toBe("no-such-company");
      }
      await eraseCompany(db, ann.id);
      expect(await freezeCompany(db, ann.id)).toBe("erased");
      expect(await unfreezeCompany(db, ann.id)).toBe("erased");
      expect(await eraseCompany(db, ann.id)).toBe("already");
    });
  });

  describe("erased", () => {
    test("people, settings, sessions and calls go; the row and its number stay for ever", async () => {
      const session = await beginSession(db, ann.id);
      await saveCallHandling(db, ann.id, {
        greeting: "Ann here",
        mode: "message",
        target: null,
        ringSeconds: 20,
        takeMessage: true,
      });
      await called(ann, number, recording("a"));
      const bobs = await called(bob, bobsNumber, recording("b"));
      expect(await eraseCompany(db, ann.id)).toBe("done");

      const row = await db("companies").where({ id: ann.id }).first();
      expect(row).toMatchObject({
        company_name: "Erased",
        owner_name: "Erased",
        email: `erased-${ann.id}@invalid`,
        phone: null,
        twilio_phone_number: number,
      });
      expect(JSON.stringify(row)).not.toMatch(/ann|acme|argon2/i);
      for (const { name } of ownTables) {
        expect(await db(name).where({ company_id: ann.id }), name).toEqual([]);
      }
      expect(await callsOf(ann)).toEqual([]);
      expect(await findSession(db, session)).toBeUndefined();
      expect(await findCalledCompany(db, number)).toBeUndefined();
      expect(await assignPhoneNumber(db, bob.id, number)).toMatchObject({
        outcome: "already-has-number",
      });

      expect(await callsOf(bob)).toEqual([bobs]);
      expect(await findCalledCompany(db, bobsNumber)).toMatchObject({ companyId: bob.id });
      expect(await dueRecordings(db, 10)).toEqual([recording("a")]);
    });

    test("every table that has rows of a company is known to what erases it", async () => {
      const sql =
        engine === "sqlite"
          ? `select m.name as name from sqlite_master m, pragma_table_info(m.name) c
              where m.type = 'table' and c.name = 'company_id'`
          : `select table_name as name from information_schema.columns
              where column_name = 'company_id' and table_schema = current_schema()`;
      const answer: unknown = await db.raw(sql);
      const rows = (engine === "sqlite" ? answer : (answer as { rows: unknown }).rows) as {
        name: string;
      }[];
      // Calls, and with them their counts, go in batches; the audit trail names companies by id alone, and expires.
      const otherwise = ["calls", "calls_per_day", "closed_companies", "audit_events"];
      expect(rows.map(({ name }) => name).sort()).toEqual(
        [...ownTables.map(({ name }) => name), ...otherwise].sort(),
      );
    });

    test("no password opens it, and the email may sign up again, to a company without a number", async () => {
      await eraseCompany(db, ann.id);
      const tombstone = `erased-${ann.id}@invalid`;
      for (const guess of [password, "none", ""]) {
        expect(await signIn(db, tombstone, guess)).toBeUndefined();
      }
      expect(signUpFields.safeParse({ email: tombstone }).error?.issues).toContainEqual(
        expect.objectContaining({ path: ["email"] }),
      );
      const again = await signedUp(ann.email);
      expect(again.id).not.toBe(ann.id);
      expect(again.phoneNumber).toBeNull();
      expect(await signIn(db, ann.email, password)).toMatchObject({ company: { id: again.id } });
    });

    test("one that is frozen can be erased", async () => {
      await freezeCompany(db, ann.id);
      expect(await eraseCompany(db, ann.id)).toBe("done");
      expect(await findCalledCompany(db, number)).toBeUndefined();
    });

    test("a form that is saved in the same moment brings nobody back", async () => {
      await eraseCompany(db, ann.id);
      const fields = {
        company_name: "Acme",
        owner_name: "Ann",
        phone: "+353861234567",
        time_zone: "Europe/Dublin",
      };
      expect(await saveAccount(db, ann, fields)).toBe("gone");
      expect(await db("companies").where({ id: ann.id }).first("owner_name", "phone")).toEqual({
        owner_name: "Erased",
        phone: null,
      });
      expect(await db("company_time_zones").where({ company_id: ann.id })).toEqual([]);
    });

    test("a message that was being left is deleted too, and later calls are nobody's", async () => {
      const callSid = await called(ann, number);
      await eraseCompany(db, ann.id);
      await recordRecording(db, { callSid, to: number }, { sid: recording("c"), seconds: 3 });
      await recordCallStatus(db, { callSid, from, to: number, status: "completed" }, 9);
      expect(await callsOf(ann)).toEqual([]);
      expect(await db("calls").whereNotNull("recording_sid")).toEqual([]);
      expect(await dueRecordings(db, 10)).toEqual([recording("c")]);
    });

    test("of very many calls those that are left go later", async () => {
      const rows = Array.from({ length: 2_010 }, (_, index) => ({
        call_sid: newCallSid(),
        from_number: from,
        to_number: number,
        company_id: ann.id,
        twilio_status: "completed",
        recording_absent: false,
        recording_sid: index % 10 === 0 ? `RE${String(index).padStart(32, "0")}` : null,
        started_at: "2026-11-22 10:00:00",
      }));
      for (let start = 0; start < rows.length; start += 90) {
        await db("calls").insert(rows.slice(start, start + 90));
      }
      await eraseCompany(db, ann.id);
      expect(await callsOf(ann)).toHaveLength(10);
      expect(await eraseCallsOfErased(db)).toBe(10);
      expect(await eraseCallsOfErased(db)).toBe(0);
      expect(await recordingsWaiting(db)).toMatchObject({ count: 201, failure: null });
    });

    test("a company that is gone waits for no number", async () => {
      const before = await poolStatus(db);
      const carl = await signedUp("carl@example.com");
      expect(await poolStatus(db)).toEqual({ ...before, companiesWaiting: 1 });
      await eraseCompany(db, carl.id);
      expect(await poolStatus(db)).toEqual(before);
    });

    test("what an older program kept of people goes with them", async () => {
      const { url } = await createTestDatabase(engine);
      const adopted = openDatabase(url, { statementTimeout: 0 });
      await createLegacyTables(adopted);
      await addLegacyRows(adopted);
      await migrateToLatest(adopted);
      const before: unknown = await adopted("companies").where({ id: 2 }).first();
      expect(await eraseCompany(adopted, 1)).toBe("done");
      const row = (await adopted("companies").where({ id: 1 }).first()) as object;
      const kept = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
      expect(Object.keys(kept).sort()).toEqual(
        [
          "ai_enabled",
          "company_name",
          "created_at",
          "email",
          "id",
          "is_verified",
          "owner_name",
          "password_hash",
          "subscription_status",
          "subscription_tier",
          "twilio_phone_number",
          "updated_at",
        ].sort(),
      );
      expect(kept).toMatchObject({ twilio_phone_number: legacyNumber(1) });
      expect(await adopted("companies").where({ id: 2 }).first()).toEqual(before);
    });
  });

  test("each of these leaves a line in the audit trail, by id alone", async () => {
    const by = { actor: "operator", requestId: "request-1" } as const;
    await freezeCompany(db, ann.id, by);
    await freezeCompany(db, ann.id, by);
    expect(await signIn(db, ann.email, password)).toBe("frozen");
    await unfreezeCompany(db, ann.id, by);
    await eraseCompany(db, ann.id, by);
    await called(bob, bobsNumber);
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

  test("a caller's calls go, to whomever, with their messages, and nobody else's", async () => {
    await called(ann, number, recording("a"));
    await called(bob, bobsNumber, recording("b"));
    const kept = await called(bob, bobsNumber, recording("c"), secondsIn(0), "+353872223333");
    expect(await eraseCaller(db, from)).toBe(2);
    expect(await eraseCaller(db, from)).toBe(0);
    expect(await db("calls").pluck("call_sid")).toEqual([kept]);
    expect((await dueRecordings(db, 10)).sort()).toEqual([recording("a"), recording("b")]);
  });

  test("calls and messages that are older than CALL_DAYS go, and no younger ones", async () => {
    const now = new Date("2026-11-22T10:00:00Z");
    await called(ann, number, recording("a"), new Date("2025-10-18T09:59:59Z"));
    const kept = await called(ann, number, recording("b"), new Date("2025-10-18T10:00:00Z"));
    expect(await expireCalls(db, 400, now)).toBe(1);
    expect(await expireCalls(db, 400, now)).toBe(0);
    expect(await callsOf(ann)).toEqual([kept]);
    expect(await dueRecordings(db, 10)).toEqual([recording("a")]);
  });
});

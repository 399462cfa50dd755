import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { saveAccount } from "#app/domain/account.server.ts";
import { makeLink } from "#app/domain/account-links.server.ts";
import { operator, service } from "#app/domain/audit.server.ts";
import { blockCaller, saveWithheldChoice } from "#app/domain/blocked-callers.server.ts";
import { recordCallStatus, recordRecording } from "#app/domain/call-events.server.ts";
import { findCalledCompany, saveCallHandling } from "#app/domain/call-handling.server.ts";
import {
  eraseLeftOfErased,
  eraseCompany,
  freezeCompany,
  hasLeftOfErased,
} from "#app/domain/closed-companies.server.ts";
import { signIn, signUpFields, type Company, type Proven } from "#app/domain/companies.server.ts";
import { exportOf } from "#app/domain/export.server.ts";
import { ownTables } from "#app/domain/own-tables.ts";
import { makeResetLink } from "#app/domain/password-reset.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { dueRecordings, recordingsWaiting } from "#app/domain/recordings-to-delete.server.ts";
import { linkForCode, makeRecoveryCodes } from "#app/domain/recovery-codes.server.ts";
import { AccountChangedError, beginSession, findSession } from "#app/domain/sessions.server.ts";
import { addToldAddress, makeToldLink } from "#app/domain/told-addresses.server.ts";
import { makeToken, tokenFields } from "#app/domain/tokens.server.ts";
import { from, newCallSid } from "../support/calls.ts";
import {
  annAndBob,
  called,
  callsOf,
  password,
  recording,
  signedUp,
} from "../support/ann-and-bob.ts";
import { createTestDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";
import { addLegacyRows, createLegacyTables, legacyNumber } from "../support/legacy.ts";
import { migrateToLatest } from "#app/migrate.server.ts";

describeEachEngine("erased companies", (engine, open) => {
  let db: Knex;
  let ann: Company;
  let bob: Company;
  let number: string;
  let bobsNumber: string;
  beforeEach(async () => {
    db = await open();
    ({ ann, bob, number, bobsNumber } = await annAndBob(db));
  });

  test("people, settings, sessions and calls go; the row and its number stay for ever", async () => {
    const session = await beginSession(db, ann.id);
    await saveCallHandling(db, ann.id, {
      greeting: "Ann here",
      mode: "message",
      target: null,
      ringSeconds: 20,
      takeMessage: true,
    });
    await called(db, ann, number, recording("a"));
    const bobs = await called(db, bob, bobsNumber, recording("b"));
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
    expect(await callsOf(db, ann)).toEqual([]);
    expect(await findSession(db, session)).toBeUndefined();
    expect(await findCalledCompany(db, number)).toBeUndefined();
    expect(await assignPhoneNumber(db, bob.id, number)).toMatchObject({
      outcome: "already-has-number",
    });

    expect(await callsOf(db, bob)).toEqual([bobs]);
    expect(await findCalledCompany(db, bobsNumber)).toMatchObject({ companyId: bob.id });
    expect(await dueRecordings(db, 10)).toEqual([recording("a")]);
  });

  test("erasing knows every table that has rows of a company", async () => {
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
    // Calls and their counts go in batches; the audit trail names companies only by id, and
    // expires.
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
    const again = await signedUp(db, ann.email);
    expect(again.id).not.toBe(ann.id);
    expect(again.phoneNumber).toBeNull();
    expect(await signIn(db, ann.email, password)).toMatchObject({ company: { id: again.id } });
  });

  test("one that is frozen can be erased", async () => {
    await freezeCompany(db, ann.id);
    expect(await eraseCompany(db, ann.id)).toBe("done");
    expect(await findCalledCompany(db, number)).toBeUndefined();
  });

  test("a form saved at the same moment brings nobody's data back", async () => {
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
    const callSid = await called(db, ann, number);
    await eraseCompany(db, ann.id);
    await recordRecording(db, { callSid, to: number }, { sid: recording("c"), seconds: 3 });
    await recordCallStatus(db, { callSid, from, to: number, status: "completed" }, 9);
    expect(await callsOf(db, ann)).toEqual([]);
    expect(await db("calls").whereNotNull("recording_sid")).toEqual([]);
    expect(await dueRecordings(db, 10)).toEqual([recording("c")]);
  });

  test("what others write of it in the same moment goes within a minute", async () => {
    await blockCaller(db, bob.id, from);
    await eraseCompany(db, ann.id);
    expect(await hasLeftOfErased(db)).toBe(false);
    const address = "desk@example.com";
    const link = {
      companyId: ann.id,
      via: "operator",
      address: ann.email,
      codeHash: null,
    } as const;
    const late: [string, () => Promise<unknown>][] = [
      ["account_links", () => makeLink(db, "reset", link)],
      ["told_addresses", () => addToldAddress(db, ann.id, address)],
      ["told_links", () => makeToldLink(db, ann.id, address)],
      ["blocked_callers", () => blockCaller(db, ann.id, from)],
      ["withheld_callers", () => saveWithheldChoice(db, ann.id, "refuse")],
      ["calls", () => called(db, ann, number, recording("a"))],
    ];
    for (const [table, write] of late) {
      await write();
      expect(await db(table).where({ company_id: ann.id }), table).not.toEqual([]);
      expect(await hasLeftOfErased(db), table).toBe(true);
      // Of a call also the day's count.
      expect(await eraseLeftOfErased(db), table).toBe(table === "calls" ? 2 : 1);
      expect(await db(table).where({ company_id: ann.id }), table).toEqual([]);
    }
    expect(await hasLeftOfErased(db)).toBe(false);
    expect(await db("blocked_callers").pluck("company_id")).toEqual([bob.id]);
  });

  test("whatever goes on while it is erased, nothing of it is left, and its number stays", async () => {
    const { passwordHash } = (await signIn(db, ann.email, password)) as Proven;
    const session = await beginSession(db, ann.id);
    const codes = await makeRecoveryCodes(db, ann.id, "", service, session);
    const code = codes.outcome === "made" ? codes.codes[0]! : "";
    const fields = tokenFields.parse({ name: "Shell", scopes: ["calls:read"] });
    const exported = async () => {
      let text = "";
      for await (const piece of exportOf(db, ann.id)) text += piece;
      return JSON.parse(text) as unknown;
    };
    const others = [
      () => beginSession(db, ann.id, new Date(), service, passwordHash),
      () => makeResetLink(db, ann.id, operator),
      () => linkForCode(db, ann.email, code, service),
      () => makeToken(db, ann.id, fields, service, session),
      () => makeRecoveryCodes(db, ann.id, "", service, session),
      () => addToldAddress(db, ann.id, ann.email),
      () => blockCaller(db, ann.id, from),
      () => called(db, ann, number, recording("d")),
      () => assignPhoneNumber(db, ann.id),
      exported,
    ];
    const [erased, ...came] = await Promise.allSettled([
      eraseCompany(db, ann.id),
      ...others.map((other) => other()),
    ]);
    expect(erased).toEqual({ status: "fulfilled", value: "done" });
    // Somebody whose account it was is refused by name, and never by a fault.
    const faults = came.filter(
      (one) => one.status === "rejected" && !(one.reason instanceof AccountChangedError),
    );
    expect(faults).toEqual([]);
    while ((await eraseLeftOfErased(db)) > 0);
    for (const { name } of [...ownTables, { name: "calls" }, { name: "calls_per_day" }]) {
      expect(await db(name).where({ company_id: ann.id }), name).toEqual([]);
    }
    expect(await db("companies").where({ id: ann.id }).first()).toMatchObject({
      email: `erased-${ann.id}@invalid`,
      twilio_phone_number: number,
    });
  });

  test("if there are very many calls, the rest go later", async () => {
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
    expect(await callsOf(db, ann)).toHaveLength(10);
    // Ten calls, and their day.
    expect(await eraseLeftOfErased(db)).toBe(11);
    expect(await eraseLeftOfErased(db)).toBe(0);
    expect(await recordingsWaiting(db)).toMatchObject({ count: 201, failure: null });
  });

  test("an erased company does not count as waiting for a number", async () => {
    const before = await poolStatus(db);
    const carl = await signedUp(db, "carl@example.com");
    expect(await poolStatus(db)).toEqual({ ...before, companiesWaiting: 1 });
    await eraseCompany(db, carl.id);
    expect(await poolStatus(db)).toEqual(before);
  });

  test("what an older program kept about people goes with them", async () => {
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

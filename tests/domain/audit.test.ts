import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import {
  expireAudit,
  operator,
  readAudit,
  recordEvent,
  type By,
} from "#app/domain/audit.server.ts";
import { signIn, signUp, signUpFields } from "#app/domain/companies.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { withStaging } from "#app/domain/pool-staging.server.ts";
import { restoreRules } from "#app/doctor/repair.server.ts";
import { missing } from "#app/domain/rules/rules.server.ts";
import { beginSession, endSession } from "#app/domain/sessions.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

const day = 24 * 60 * 60 * 1000;
const daysAgo = (days: number) => new Date(Date.now() - days * day);
const by: By = { actor: "company", address: "203.0.113.7", requestId: "request-1" };

describeEachEngine("the audit trail", (engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });

  const all = async () =>
    (await readAudit(db, {}, 100))
      .filter(({ event }) => event !== "numbers-added")
      .map(({ event, companyId }) => [event, companyId])
      .toReversed();

  test("has sign-ups, sign-ins, refusals, assignments and log-outs, and no email or password", async () => {
    const fields = signUpFields.parse({
      company_name: "Acme",
      owner_name: "Ann",
      email: "ann@example.com",
      password: "a long quiet evening",
    });
    const result = await signUp(db, fields, by);
    const id = result.outcome === "signed-up" ? result.company.id : 0;
    expect((await signUp(db, fields, by)).outcome).toBe("email-taken");
    await signIn(db, "ann@example.com", "wrong", by);
    await signIn(db, "nobody@example.com", "wrong", by);
    const session = await beginSession(db, id, new Date(), by);
    const [number] = await fillPool(db, 2);
    await assignPhoneNumber(db, id, number, by);
    // Neither a repeated request nor a refused one assigns anything.
    await assignPhoneNumber(db, id, number, by);
    await assignPhoneNumber(db, await insertCompany(db), number, by);
    await endSession(db, session, by);
    await endSession(db, session, by);
    expect(await all()).toEqual([
      ["signed-up", id],
      ["sign-in-refused", id],
      ["sign-in-refused", null],
      ["signed-in", id],
      ["assigned", id],
      ["signed-out", id],
    ]);
    const [assigned] = await readAudit(db, { events: ["assigned"] }, 1);
    expect(assigned).toMatchObject({ ...by, details: { phone_number: number } });
    expect(assigned?.at).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(JSON.stringify(await db("audit_events"))).not.toMatch(/ann@|nobody@|quiet|wrong/i);
  });

  test("has a line for each batch of numbers that operators add, with their count", async () => {
    await addToPool(db, ["+353861234567", "+353861234568"], operator);
    await addToPool(db, ["+353861234567"], operator);
    await addToPool(db, ["+353861234568", "+353861234569"], operator);
    await withStaging(db, async (staging) => {
      await staging.stage(["+353861234569", "+353861234570"]);
      await staging.enter(operator);
    });
    await expect(addToPool(db, ["+353861234571", "+abc"], operator)).rejects.toThrow();
    const lines = await readAudit(db, { events: ["numbers-added"], actor: "operator" }, 10);
    expect(lines.map(({ details }) => details?.["added"])).toEqual([1, 1, 2]);
  });

  test("has nothing of what was rolled back", async () => {
    const id = await insertCompany(db);
    const [number] = await fillPool(db, 1);
    const undone = db.transaction(async (transaction) => {
      await assignPhoneNumber(transaction, id, number, by);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(await all()).toEqual([]);
  });

  test("takes no change and loses no line, whoever writes SQL", async () => {
    await recordEvent(db, { event: "signed-in", companyId: 1, ...by }, daysAgo(10));
    await recordEvent(db, { event: "signed-out", companyId: 1, ...by });
    const before = await db("audit_events");
    const { id } = before[0]!;
    const tries = [
      "update audit_events set company_id = 2",
      `update audit_events set id = ${id + 10} where id = ${id}`,
      "delete from audit_events",
      `delete from audit_events where id = ${id}`,
      "insert into audit_events (id, at, event, actor) values (-1, '2026-01-01 00:00:00', 'signed-in', 'company')",
      ...(engine === "sqlite"
        ? [
            `insert or replace into audit_events (id, at, event, actor) values (${id}, '2026-01-01 00:00:00', 'signed-in', 'company')`,
            `replace into audit_events (rowid, at, event, actor) values (${id}, '2026-01-01 00:00:00', 'signed-in', 'company')`,
            `update or replace audit_events set id = ${before[1]!.id} where id = ${id}`,
          ]
        : [
            "truncate audit_events",
            `insert into audit_events (id, at, event, actor) values (${id}, '2026-01-01 00:00:00', 'x', 'y')
               on conflict (id) do update set event = 'x'`,
          ]),
    ];
    for (const statement of tries) {
      await expect(db.raw(statement), statement).rejects.toThrow(
        /the audit trail is only added to|audit_events_id/,
      );
    }
    // Not even if somebody claims that all of it is old.
    await db("audit_kept").update({ since: "2999-01-01 00:00:00" });
    await expect(db("audit_events").delete()).rejects.toThrow("only added to");
    await db("audit_kept").delete();
    await expect(db("audit_events").delete()).rejects.toThrow("only added to");
    expect(await db("audit_events")).toEqual(before);
  });

  test("lets lines older than the retention time go, and nothing else", async () => {
    for (const age of [500, 401, 399, 31, 0]) {
      await recordEvent(db, { event: "signed-in", companyId: age, ...by }, daysAgo(age));
    }
    expect(await expireAudit(db, 400)).toBe(2);
    expect(await expireAudit(db, 400)).toBe(0);
    expect((await all()).map(([, age]) => age)).toEqual([399, 31, 0]);
    expect(await expireAudit(db, 30)).toBe(2);
    // Kept longer again from now on.
    expect(await expireAudit(db, 400)).toBe(0);
    await expect(db("audit_events").delete()).rejects.toThrow("only added to");
  });

  test("can be filtered by company, by event and by what is new", async () => {
    for (const companyId of [1, 2, 1]) {
      await recordEvent(db, { event: "signed-in", companyId, ...by });
      await recordEvent(db, { event: "signed-out", companyId, ...by });
    }
    const ids = async (filter: Parameters<typeof readAudit>[1]) =>
      (await readAudit(db, filter, 10)).map(({ id }) => id);
    expect(await ids({ companyId: 1 })).toEqual([6, 5, 2, 1]);
    expect(await ids({ companyId: 1, events: ["signed-out"] })).toEqual([6, 2]);
    expect(await ids({ afterId: 4 })).toEqual([6, 5]);
    expect(await ids({ address: "203.0.113.8" })).toEqual([]);
    expect(await readAudit(db, {}, 2)).toHaveLength(2);
  });

  test("has triggers that the doctor reports if somebody drops them", async () => {
    expect(await missing(db)).toEqual([]);
    await db.raw(`drop trigger audit_changes${engine === "postgres" ? " on audit_events" : ""}`);
    expect(await missing(db)).toEqual(["audit_changes"]);
    await restoreRules(db);
    expect(await missing(db)).toEqual([]);
    expect(await readAudit(db, {}, 10)).toMatchObject([
      { event: "rules-restored", actor: "operator", companyId: null },
    ]);
  });
});

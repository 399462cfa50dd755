import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { signIn, signUp, signUpFields, type Company } from "#app/domain/companies.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import {
  endOtherSessions,
  endSessionByRef,
  listSessions,
} from "#app/domain/own-sessions.server.ts";
import {
  beginSession,
  endSession,
  endSessions,
  extendSession,
  findSession,
  mostSessions,
  sessionIdle,
} from "#app/domain/sessions.server.ts";
import { fillPool, insertCompanies, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";

const begun = new Date("2026-11-22T10:00:00Z");
/** So many days, and seconds, after the session began. */
const after = (days: number, seconds = 0) =>
  new Date(begun.getTime() + (days * 24 * 60 * 60 + seconds) * 1000);

describeEachEngine("sessions", (_engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });

  async function signedUp(): Promise<Company> {
    const fields = signUpFields.parse({
      company_name: "Acme",
      owner_name: "Ann",
      email: "ann@example.com",
      password: "a long quiet evening",
    });
    const result = await signUp(db, fields);
    if (result.outcome !== "signed-up") throw new Error(result.outcome);
    return result.company;
  }

  /** Somebody else, who takes the first of two numbers. */
  async function bystanderWithNumber(): Promise<void> {
    await fillPool(db, 2);
    await assignPhoneNumber(db, await insertCompany(db));
  }

  test("one read brings the company, as signing up and signing in do", async () => {
    const company = await signedUp();
    await bystanderWithNumber();
    const id = await beginSession(db, company.id);
    expect(await findSession(db, id)).toEqual({
      company,
      stale: false,
      unheard: 0,
      numberGoneSince: null,
    });
    expect(await signIn(db, "ann@example.com", "a long quiet evening")).toMatchObject({ company });
  });

  test("with the company come its number and since when it has it", async () => {
    const { id } = await signedUp();
    const session = await beginSession(db, id);
    await bystanderWithNumber();
    await assignPhoneNumber(db, id);
    const own = await currentPhoneNumber(db, id);
    expect(own).toBeDefined();
    expect((await findSession(db, session))?.company).toMatchObject(own!);
    expect(await signIn(db, "ann@example.com", "a long quiet evening")).toMatchObject({
      company: own!,
    });
  });

  test("an unknown id, and one that has ended, open nothing", async () => {
    const company = await insertCompany(db);
    const id = await beginSession(db, company);
    const other = await beginSession(db, company);
    expect(await findSession(db, "x".repeat(43))).toBeUndefined();
    expect(await findSession(db, "")).toBeUndefined();
    await endSession(db, id);
    expect(await findSession(db, id)).toBeUndefined();
    expect(await findSession(db, other)).toBeDefined();
  });

  test("a session that is not used ends after 30 days", async () => {
    const id = await beginSession(db, await insertCompany(db), begun);
    expect(sessionIdle).toBe(30 * 24 * 60 * 60);
    expect(await findSession(db, id, after(30, -1))).toBeDefined();
    for (const days of [30, 31, 400]) {
      expect(await findSession(db, id, after(days))).toBeUndefined();
    }
  });

  test("its use is due to be recorded an hour after the last time", async () => {
    const id = await beginSession(db, await insertCompany(db), begun);
    const stale = async (now: Date) => (await findSession(db, id, now))?.stale;
    const hour = 60 * 60;
    expect(await stale(after(0, hour - 1))).toBe(false);
    expect(await stale(after(0, hour))).toBe(true);
    expect(await extendSession(db, id, after(0, hour))).toBe(true);
    expect(await stale(after(0, hour))).toBe(false);
    expect(await stale(after(0, 2 * hour))).toBe(true);
  });

  test("one that is used lives on, up to its absolute end after 180 days", async () => {
    const id = await beginSession(db, await insertCompany(db), begun);
    for (let day = 20; day < 180; day += 20) {
      expect(await findSession(db, id, after(day))).toMatchObject({
        stale: true,
      });
      await extendSession(db, id, after(day));
    }
    expect(await findSession(db, id, after(180, -1))).toBeDefined();
    expect(await findSession(db, id, after(180))).toBeUndefined();
    await extendSession(db, id, after(181));
    expect(await findSession(db, id, after(181))).toBeUndefined();
  });

  test("one that has ended is not revived by use", async () => {
    const id = await beginSession(db, await insertCompany(db));
    await endSession(db, id);
    await extendSession(db, id);
    expect(await findSession(db, id)).toBeUndefined();
  });

  test("if there are more than 20 the oldest ends, and nobody else's does", async () => {
    const company = await insertCompany(db);
    const bystander = await beginSession(db, await insertCompany(db), after(-1));
    const ids: string[] = [];
    for (let i = 0; i < 22; i++) ids.push(await beginSession(db, company, after(0, i)));
    const open = await Promise.all(
      ids.map(async (id) => (await findSession(db, id, after(0, 60))) !== undefined),
    );
    expect(open).toEqual(ids.map((_, index) => index >= 2));
    expect(await findSession(db, bystander, after(0, 60))).toBeDefined();
  });

  test("if 30 begin at once, 20 are left", async () => {
    const company = await insertCompany(db);
    await Promise.all(Array.from({ length: 30 }, () => beginSession(db, company)));
    expect(await listSessions(db, company)).toHaveLength(mostSessions);
  });

  test("a company sees its own, the one that asks first, and ends one or all others", async () => {
    const [company, other] = (await insertCompanies(db, 2)) as [number, number];
    const actor = "company" as const;
    const where = { address: "192.0.2.7", userAgent: "Firefox" };
    const own = await beginSession(db, company, begun, { actor, ...where });
    const phone = await beginSession(db, company, after(0, 60));
    const third = await beginSession(db, company, after(0, 120));
    const foreign = await beginSession(db, other, after(0, 180));
    await beginSession(db, company, after(-31));
    await extendSession(db, phone, after(0, 7200), {
      actor,
      address: "2001:db8::1",
      userAgent: "Safari",
    });

    const listed = await listSessions(db, company, own, after(1));
    expect(listed).toMatchObject([
      { own: true, ...where, begunAt: "2026-11-22T10:00:00Z", seenAt: "2026-11-22T10:00:00Z" },
      {
        own: false,
        address: "2001:db8::1",
        userAgent: "Safari",
        begunAt: "2026-11-22T10:01:00Z",
        seenAt: "2026-11-22T12:00:00Z",
      },
      { own: false, address: null, userAgent: null },
    ]);
    const open = async () =>
      Promise.all(
        [own, phone, third, foreign].map(
          async (id) => (await findSession(db, id, after(1))) !== undefined,
        ),
      );
    const [{ ref: foreignRef } = { ref: "" }] = await listSessions(db, other, foreign, after(1));
    for (const ref of [foreignRef, "", "%", "_".repeat(16), listed[1]!.ref.slice(1)]) {
      expect(await endSessionByRef(db, company, ref), ref).toBe(false);
    }
    expect(await open()).toEqual([true, true, true, true]);
    expect(await endSessionByRef(db, company, listed[1]!.ref)).toBe(true);
    expect(await open()).toEqual([true, false, true, true]);
    await endOtherSessions(db, company, own);
    expect(await open()).toEqual([true, false, false, true]);
    await endSessions(db, company);
    expect(await open()).toEqual([false, false, false, true]);
  });

  test("what names a session in a list opens nothing", async () => {
    const company = await insertCompany(db);
    const id = await beginSession(db, company);
    const [listed] = await listSessions(db, company, id);
    expect(id).not.toContain(listed!.ref);
    expect(await findSession(db, listed!.ref)).toBeUndefined();
  });

  test("beginning one deletes expired ones", async () => {
    const company = await insertCompany(db);
    await beginSession(db, company, after(-31));
    await beginSession(db, company, begun);
    expect(await db("company_sessions")).toHaveLength(1);
  });
});

test("while SQLite takes no writes a session is valid, and its use is recorded later", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const holder = openDatabase(url);
  const id = await beginSession(holder, await insertCompany(holder), begun);
  const db = openDatabase(url, { statementTimeout: 1 });
  await holder.raw("begin immediate");
  expect(await extendSession(db, id, after(1))).toBe(false);
  await holder.raw("rollback");
  expect(await extendSession(db, id, after(1))).toBe(true);
});

import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { signIn, signUp, signUpFields, type Company } from "#app/domain/companies.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import {
  beginSession,
  endSession,
  extendSession,
  findSession,
  sessionIdle,
} from "#app/domain/sessions.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
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

  test("one read tells the company, as signing up and in do", async () => {
    const company = await signedUp();
    await bystanderWithNumber();
    const id = await beginSession(db, company.id);
    expect(await findSession(db, id)).toEqual({ company, stale: false });
    expect(await signIn(db, "ann@example.com", "a long quiet evening")).toEqual(company);
  });

  test("with the company come its number and since when it has it", async () => {
    const { id } = await signedUp();
    const session = await beginSession(db, id);
    await bystanderWithNumber();
    await assignPhoneNumber(db, id);
    const own = await currentPhoneNumber(db, id);
    expect(own).toBeDefined();
    expect((await findSession(db, session))?.company).toMatchObject(own!);
    expect(await signIn(db, "ann@example.com", "a long quiet evening")).toMatchObject(own!);
  });

  test("an id that nobody was given, and one that has ended, stand for nothing", async () => {
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
    expect(await findSession(db, id, after(30))).toBeUndefined();
  });

  test("its use is due to be noted a day after it last was", async () => {
    const id = await beginSession(db, await insertCompany(db), begun);
    const stale = async (now: Date) => (await findSession(db, id, now))?.stale;
    expect(await stale(after(1, -1))).toBe(false);
    expect(await stale(after(1))).toBe(true);
    expect(await extendSession(db, id, after(1))).toBe(true);
    expect(await stale(after(1))).toBe(false);
    expect(await stale(after(2))).toBe(true);
  });

  test("one that is used lives on, to its absolute end after 180 days", async () => {
    const id = await beginSession(db, await insertCompany(db), begun);
    for (let day = 20; day < 180; day += 20) {
      expect(await findSession(db, id, after(day))).toMatchObject({
        stale: true,
      });
      await extendSession(db, id, after(day));
    }
    expect(await findSession(db, id, after(180, -1))).toBeDefined();
    expect(await findSession(db, id, after(180))).toBeUndefined();
  });

  test("one that has ended is not brought back by its use", async () => {
    const id = await beginSession(db, await insertCompany(db));
    await endSession(db, id);
    await extendSession(db, id);
    expect(await findSession(db, id)).toBeUndefined();
  });

  test("beginning one takes away what has expired", async () => {
    const company = await insertCompany(db);
    await beginSession(db, company, after(-31));
    await beginSession(db, company, begun);
    expect(await db("company_sessions")).toHaveLength(1);
  });
});

test("while SQLite takes no writes a session is good, and its use is noted later", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const holder = openDatabase(url);
  const id = await beginSession(holder, await insertCompany(holder), begun);
  const db = openDatabase(url, { statementTimeout: 1 });
  await holder.raw("begin immediate");
  expect(await extendSession(db, id, after(1))).toBe(false);
  await holder.raw("rollback");
  expect(await extendSession(db, id, after(1))).toBe(true);
});

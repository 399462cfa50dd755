import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { recordEvent } from "#app/domain/audit.server.ts";
import { eraseCompany, freezeCompany } from "#app/domain/closed-companies.server.ts";
import { findCompany, listCompanies, type CompanyFilter } from "#app/domain/company-list.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { noteVerified } from "#app/domain/verified-emails.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

describeEachEngine("companies as operators see them", (_engine, open) => {
  let db: Knex;
  let ann: number;
  let bea: number;
  let frozen: number;
  let erased: number;
  let number: string;
  beforeEach(async () => {
    db = await open();
    ann = await insertCompany(db, { email: "ann@example.com" });
    bea = await insertCompany(db, { email: "bea@example.com" });
    frozen = await insertCompany(db);
    erased = await insertCompany(db);
    [number] = (await fillPool(db, 2)) as [string];
    await assignPhoneNumber(db, ann, number);
    await noteVerified(db, ann, "ann@example.com");
    await noteVerified(db, bea, "what-it-was-before@example.com");
    const signedIn = { event: "signed-in", actor: "company", companyId: ann } as const;
    await recordEvent(db, signedIn, new Date("2026-03-01T10:00:00Z"));
    await recordEvent(db, signedIn, new Date("2026-02-01T10:00:00Z"));
    await freezeCompany(db, frozen);
    await eraseCompany(db, erased);
  });

  const ids = async (filter: CompanyFilter) =>
    (await listCompanies(db, filter)).map(({ id }) => id);

  test("each filter lets through what it says, and erased ones only on request", async () => {
    expect(await ids({})).toEqual([ann, bea, frozen]);
    expect(await ids({ waiting: true })).toEqual([bea, frozen]);
    expect(await ids({ withNumber: true })).toEqual([ann]);
    expect(await ids({ unverified: true })).toEqual([bea, frozen]);
    expect(await ids({ state: "frozen" })).toEqual([frozen]);
    expect(await ids({ state: "erased" })).toEqual([erased]);
    expect(await ids({ lastSignInSince: new Date("2026-03-01") })).toEqual([ann]);
    expect(await ids({ lastSignInSince: new Date("2026-03-02") })).toEqual([]);
    expect(await ids({ lastSignInBefore: new Date("2026-03-02") })).toEqual([ann, bea, frozen]);
    expect(await ids({ lastSignInBefore: new Date("2026-03-01") })).toEqual([bea, frozen]);
  });

  test("one is found by its id, and by its email however it is typed", async () => {
    for (const whom of [ann, "ann@example.com", " ANN@Example.com "]) {
      expect(await findCompany(db, whom)).toMatchObject({
        id: ann,
        verified: true,
        phoneNumber: number,
        state: "open",
        closedSince: null,
        lastSignInAt: "2026-03-01T10:00:00Z",
      });
    }
    expect(await findCompany(db, frozen)).toMatchObject({
      state: "frozen",
      closedSince: expect.stringMatching(/Z$/) as string,
    });
    expect(await findCompany(db, 999_999)).toBeUndefined();
    expect(await findCompany(db, "nobody@example.com")).toBeUndefined();
  });
});

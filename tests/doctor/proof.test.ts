import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { proveAssignmentRules } from "#app/doctor/proof.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";

describeEachEngine("the proof on a live database", (engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
    const [number] = await fillPool(db, 3);
    await assignPhoneNumber(db, await insertCompany(db), number);
  });

  const failures = async () =>
    (await proveAssignmentRules(db))
      .filter(({ failure }) => failure !== undefined)
      .map(({ rule }) => rule);

  const everything = async () => [
    (await db("companies").orderBy("id")) as unknown,
    (await db("twilio_phone_numbers").orderBy("id")) as unknown,
    engine === "sqlite"
      ? ((await db("sqlite_sequence").orderBy("name")) as unknown)
      : // The audit trail skips ids when something is rolled back.
        ((await db("pg_sequences")
          .whereNot({ sequencename: "audit_events_id_seq" })
          .orderBy("sequencename")) as unknown),
  ];

  test("holds on every rule and leaves nothing, not even a sequence that moved", async () => {
    const before = await everything();
    expect(await failures()).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  test("holds on an empty pool", async () => {
    await db("twilio_phone_numbers").where({ status: "available" }).delete();
    expect(await failures()).toEqual([]);
  });

  test("sees a trigger that was dropped", async () => {
    const dropped: [trigger: string, table: string, rule: string][] = [
      ["phone_number_leaves", "twilio_phone_numbers", "an assigned number is not deleted"],
      [
        "phone_number_enters",
        "twilio_phone_numbers",
        "an assigned number never enters the pool as such",
      ],
      [
        engine === "sqlite" ? "company_changes" : "company_number_changes",
        "companies",
        "an assigned number is not taken from its company",
      ],
      ["phone_number_changes", "twilio_phone_numbers", "an assigned number is not un-assigned"],
      [
        "phone_number_carries_company",
        "twilio_phone_numbers",
        "a chosen number is the company's, in both tables",
      ],
    ];
    for (const [trigger, table, rule] of dropped) {
      await db.raw(`drop trigger ${trigger} ${engine === "postgres" ? `on ${table}` : ""}`);
      expect(await failures()).toContain(rule);
    }
  });

  test("sees every missing trigger, even if another guards the same thing", async () => {
    const triggers: { name: string; table: string }[] = await (engine === "sqlite"
      ? db("sqlite_master").where({ type: "trigger" }).select("name", "tbl_name as table")
      : db("pg_trigger")
          .where({ tgisinternal: false })
          .select("tgname as name", db.raw('tgrelid::regclass::text as "table"')));
    expect(triggers.length).toBeGreaterThan(6);
    for (const { name, table } of triggers) {
      await db.raw(
        engine === "sqlite"
          ? `drop trigger ${name}`
          : `alter table ${table} disable trigger ${name}`,
      );
      const inPlace = (await proveAssignmentRules(db))[1];
      expect(inPlace?.failure).toContain(name);
    }
  });

  test("sees an outdated schema", async () => {
    await db("knex_migrations").where("name", "like", "%company_sessions%").delete();
    const [proof, ...others] = await proveAssignmentRules(db);
    expect(proof?.failure).toContain("company_sessions");
    expect(others).toEqual([]);
  });
});

test("blocks nobody's choice meanwhile (postgres)", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const db = openDatabase(url);
  const numbers = await fillPool(db, 20);
  const outcomes: string[] = [];
  const proving = Promise.all(Array.from({ length: 5 }, () => proveAssignmentRules(db)));
  for (const number of numbers) {
    const company = await insertCompany(db);
    outcomes.push((await assignPhoneNumber(db, company, number)).outcome);
  }
  expect(new Set(outcomes)).toEqual(new Set(["assigned"]));
  for (const proofs of await proving) {
    expect(proofs.filter(({ failure }) => failure)).toEqual([]);
  }
});

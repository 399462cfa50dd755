import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompanies } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

// Plain SQL, as an operator's client might send it. A is assigned to company 1, B to company 2, C
// is available and company 3 has none. Foreign keys and recursive triggers are off, as they are in
// SQLite's own shell.
const refusedOnBoth = {
  "un-assigning a number":
    "update twilio_phone_numbers set status = 'available', assigned_to_company_id = null, assigned_at = null where phone_number = :a",
  "un-assigning by the status alone":
    "update twilio_phone_numbers set status = 'available' where phone_number = :a",
  "clearing the status": "update twilio_phone_numbers set status = null where phone_number = :a",
  "clearing the status of an available number":
    "update twilio_phone_numbers set status = null where phone_number = :c",
  "clearing the time": "update twilio_phone_numbers set assigned_at = null where phone_number = :a",
  "changing the time":
    "update twilio_phone_numbers set assigned_at = '2001-01-01 00:00:00' where phone_number = :a",
  "moving a number":
    "update twilio_phone_numbers set assigned_to_company_id = :three where phone_number = :a",
  "renaming a number":
    "update twilio_phone_numbers set phone_number = '+353869999999' where phone_number = :a",
  "renumbering a row": "update twilio_phone_numbers set id = 999999 where phone_number = :a",
  "deleting an assigned number": "delete from twilio_phone_numbers where phone_number = :a",
  "deleting every number": "delete from twilio_phone_numbers",
  "assigning without a company":
    "update twilio_phone_numbers set status = 'assigned', assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "assigning without a time":
    "update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = :three where phone_number = :c",
  "setting an owner without the status":
    "update twilio_phone_numbers set assigned_to_company_id = :three where phone_number = :c",
  "setting a time without the status":
    "update twilio_phone_numbers set assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "assigning to a company that does not exist":
    "update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = 987654, assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "assigning a second number to a company":
    "update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = :one, assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "inserting an assigned number":
    "insert into twilio_phone_numbers (phone_number, status, assigned_to_company_id, assigned_at) values ('+353869999999', 'assigned', :three, '2001-01-01 00:00:00')",
  "inserting a number again": "insert into twilio_phone_numbers (phone_number) values (:a)",
  "inserting what is no E.164":
    "insert into twilio_phone_numbers (phone_number) values ('+353 86 999 9999')",
  "inserting words": "insert into twilio_phone_numbers (phone_number) values ('+abc')",
  "renaming an available number to what is no E.164":
    "update twilio_phone_numbers set phone_number = '0861234567' where phone_number = :c",
  "renaming an available number to one that is assigned":
    "update twilio_phone_numbers set phone_number = :a where phone_number = :c",
  "taking a company's number away":
    "update companies set twilio_phone_number = null where id = :one",
  "exchanging a company's number": "update companies set twilio_phone_number = :c where id = :one",
  "giving a company a number past the pool":
    "update companies set twilio_phone_number = :c where id = :three",
  "giving a company another company's number":
    "update companies set twilio_phone_number = :a where id = :three",
  "giving a company a number that is in no pool":
    "update companies set twilio_phone_number = '+353869999999' where id = :three",
  "renumbering a company": "update companies set id = 999999 where id = :one",
  "deleting a company that has a number": "delete from companies where id = :one",
  "inserting a company with a number":
    "insert into companies (company_name, owner_name, email, password_hash, twilio_phone_number) values ('x', 'x', 'x@example.com', 'x', :c)",
  "a second company with the email in another case":
    "insert into companies (company_name, owner_name, email, password_hash) values ('x', 'x', 'ONE@example.com', 'x')",
};

const refusedOnSqlite = {
  "replacing an assigned number":
    "insert or replace into twilio_phone_numbers (phone_number) values (:a)",
  "replacing an assigned number by its id":
    "insert or replace into twilio_phone_numbers (id, phone_number) select id, '+353869999999' from twilio_phone_numbers where phone_number = :a",
  "REPLACE INTO": "replace into twilio_phone_numbers (phone_number) values (:a)",
  "update or replace onto an assigned number":
    "update or replace twilio_phone_numbers set phone_number = :a where phone_number = :c",
  "update or replace onto an assigned number's id":
    "update or replace twilio_phone_numbers set id = (select id from twilio_phone_numbers where phone_number = :a) where phone_number = :c",
  "update or replace onto another's owner":
    "update or replace twilio_phone_numbers set status = 'assigned', assigned_to_company_id = :one, assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "update or ignore onto another's owner":
    "update or ignore twilio_phone_numbers set status = 'assigned', assigned_to_company_id = :one, assigned_at = '2001-01-01 00:00:00' where phone_number = :c",
  "replacing a company by its email":
    "insert or replace into companies (company_name, owner_name, email, password_hash) values ('x', 'x', 'one@example.com', 'x')",
  "replacing a company by its email in another case":
    "insert or replace into companies (company_name, owner_name, email, password_hash) values ('x', 'x', 'ONE@example.com', 'x')",
  "replacing a company by its id":
    "insert or replace into companies (id, company_name, owner_name, email, password_hash) values (:one, 'x', 'x', 'y@example.com', 'x')",
  "update or replace onto a company's email":
    "update or replace companies set email = 'one@example.com' where id = :three",
  "update or replace onto a company's id":
    "update or replace companies set id = :one where id = :three",
  "an upsert that changes an assigned number":
    "insert into twilio_phone_numbers (phone_number) values (:a) on conflict (phone_number) do update set status = 'available'",
};

const refusedOnPostgres = {
  "truncating the pool": "truncate twilio_phone_numbers",
  "truncating the companies": "truncate companies cascade",
  "an upsert that changes an assigned number":
    "insert into twilio_phone_numbers (phone_number) values (:a) on conflict (phone_number) do update set status = 'available', assigned_to_company_id = null, assigned_at = null",
};

describeEachEngine("plain SQL against the rules", (engine, open) => {
  let db: Knex;
  let names: Record<string, string | number>;
  beforeEach(async () => {
    db = await open();
    if (engine === "sqlite") {
      await db.raw("pragma foreign_keys = off");
      await db.raw("pragma recursive_triggers = off");
    }
    const [a, b, c] = (await fillPool(db, 3)) as [string, string, string];
    const [one, two, three] = (await insertCompanies(db, 3)) as [number, number, number];
    await db("companies").where({ id: one }).update({ email: "one@example.com" });
    await assignPhoneNumber(db, one, a);
    await assignPhoneNumber(db, two, b);
    names = { a, b, c, one, two, three };
  });

  const rows = async () => ({
    pool: (await db("twilio_phone_numbers").orderBy("id")) as unknown[],
    companies: (await db("companies").orderBy("id")) as unknown[],
  });

  const attacks = {
    ...refusedOnBoth,
    ...(engine === "sqlite" ? refusedOnSqlite : refusedOnPostgres),
  };

  test.each(Object.entries(attacks))("%s is refused", async (_name, sql) => {
    const before = await rows();
    const used = Object.fromEntries(
      Object.entries(names).filter(([name]) => new RegExp(`:${name}\\b`).test(sql)),
    );
    await expect(db.raw(sql, used)).rejects.toThrow();
    expect(await rows()).toEqual(before);
  });

  test.each(["companies", "twilio_phone_numbers"] as const)(
    "a temporary table that is called %s leads them not astray",
    async (table) => {
      const schema = engine === "sqlite" ? "main" : "public";
      const trx = await db.transaction();
      try {
        await trx.raw(`create temporary table ${table} as select * from ${schema}.${table}`);
        await trx.raw(
          `update ${schema}.twilio_phone_numbers
              set status = 'assigned', assigned_to_company_id = ?, assigned_at = '2001-01-01 00:00:00'
            where phone_number = ?`,
          [names.three!, names.c!],
        );
        const company = trx<{ id: number; twilio_phone_number: string }>(`${schema}.companies`);
        expect(await company.where({ id: Number(names.three) }).first()).toMatchObject({
          twilio_phone_number: names.c,
        });
      } finally {
        await trx.rollback();
      }
    },
  );

  test("what the rules allow still works in plain SQL", async () => {
    await db.raw(
      "update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = ?, assigned_at = '2001-01-01 00:00:00' where phone_number = ?",
      [names.three!, names.c!],
    );
    expect(await db("companies").where("id", names.three!).first()).toMatchObject({
      twilio_phone_number: names.c,
    });
    await db("companies").where("id", names.one!).update({ phone: "+1" });
    await db("twilio_phone_numbers").insert({ phone_number: "+353869999999" });
    await db("twilio_phone_numbers").where({ phone_number: "+353869999999" }).delete();
    const [spare] = await insertCompanies(db, 1);
    await db("companies").where({ id: spare }).delete();
    expect(await db("companies").select("id")).toHaveLength(3);
  });
});

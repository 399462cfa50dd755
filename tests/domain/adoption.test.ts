import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { migrateToLatest, migrationConfig, pendingMigrations } from "#app/migrate.server.ts";
import { databases, openLegacy as open } from "../support/adopted.ts";
import { openDatabase } from "../support/databases.ts";
import { addLegacyRows, addManyLegacyRows, legacyNumber, readContents } from "../support/legacy.ts";

for (const database of databases) {
  const { engine, name } = database;
  const openLegacy = () => open(database);

  describe(`adopting the tables of the old system (${name})`, () => {
    test("every table, column, index and value is still there after it", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      const before = await readContents(db);
      expect(Object.keys(before.rows)).toEqual([
        "call_logs",
        "clients",
        "companies",
        "twilio_phone_numbers",
      ]);

      await migrateToLatest(db);
      const after = await readContents(db);
      expect(after.rows).toMatchObject(before.rows);
      expect(Object.keys(after.rows["companies"]![0]!)).toEqual(
        Object.keys(before.rows["companies"]![0]!),
      );
      expect(after.schema).toEqual(expect.arrayContaining(before.schema));
    });

    test("a second run finds nothing to do", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      await migrateToLatest(db);
      const after = await readContents(db);
      expect(await migrateToLatest(db)).toEqual([]);
      expect(await pendingMigrations(db)).toEqual([]);
      expect(await readContents(db)).toEqual(after);
    });

    test("the companies keep their numbers, and the others can choose", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      await migrateToLatest(db);

      expect(await currentPhoneNumber(db, 1)).toEqual({
        phoneNumber: legacyNumber(1),
        assignedAt: "2024-01-01T12:34:56Z",
      });
      expect(await listAvailable(db, { limit: 10 })).toEqual({
        ok: true,
        numbers: [{ phoneNumber: legacyNumber(3), createdAt: "2023-12-03T00:00:00Z" }],
        nextCursor: null,
      });
      expect(await assignPhoneNumber(db, 1, legacyNumber(3))).toEqual({
        outcome: "already-has-number",
        phoneNumber: legacyNumber(1),
      });
      expect(await assignPhoneNumber(db, 3, legacyNumber(2))).toEqual({
        outcome: "not-available",
      });
      expect(await assignPhoneNumber(db, 3)).toEqual({
        outcome: "assigned",
        phoneNumber: legacyNumber(3),
      });
      expect(await findDamage(db)).toEqual([]);
    });

    test("no SQL breaks the rules any more", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      await migrateToLatest(db);
      const sound = await readContents(db);
      if (engine === "sqlite") {
        await db.raw("pragma foreign_keys = off");
        await db.raw("pragma recursive_triggers = off");
      }
      const attacks = [
        "update twilio_phone_numbers set status = 'available' where id = 1",
        "update twilio_phone_numbers set status = 'available', assigned_to_company_id = null, assigned_at = null where id = 1",
        "update twilio_phone_numbers set status = null where id = 3",
        "update twilio_phone_numbers set assigned_to_company_id = 3 where id = 1",
        "update twilio_phone_numbers set assigned_at = null where id = 1",
        "update twilio_phone_numbers set phone_number = '+353861110009' where id = 1",
        "update twilio_phone_numbers set id = 9 where id = 1",
        "update twilio_phone_numbers set status = 'assigned' where id = 3",
        "update twilio_phone_numbers set assigned_to_company_id = 3 where id = 3",
        "update twilio_phone_numbers set assigned_at = '2024-01-01 00:00:00' where id = 3",
        "update twilio_phone_numbers set phone_number = '+353 86 111 0003' where id = 3",
        ...[1, 2, 999].map(
          (company) =>
            `update twilio_phone_numbers set status = 'assigned', assigned_at = '2024-01-01 00:00:00', assigned_to_company_id = ${company} where id = 3`,
        ),
        "delete from twilio_phone_numbers where id = 1",
        "delete from twilio_phone_numbers",
        "insert into twilio_phone_numbers (phone_number) values ('+353861110001')",
        "insert into twilio_phone_numbers (phone_number) values ('+353 86 111 0001')",
        "insert into twilio_phone_numbers (phone_number) values ('+abc')",
        "insert into twilio_phone_numbers (phone_number, status) values ('+353861110009', 'assigned')",
        "insert into twilio_phone_numbers (phone_number, status) values ('+353861110009', null)",
        "insert into twilio_phone_numbers (phone_number, status, assigned_to_company_id, assigned_at) values ('+353861110009', 'assigned', 3, '2024-01-01 00:00:00')",
        "update companies set twilio_phone_number = null where id = 1",
        "update companies set twilio_phone_number = '+353861110003' where id = 1",
        "update companies set twilio_phone_number = '+353861110003' where id = 3",
        "update companies set twilio_phone_number = '+353861110001' where id = 3",
        "update companies set id = 9 where id = 1",
        "update companies set email = 'AOIFE@BYRNE.EXAMPLE' where id = 3",
        "delete from companies where id = 1",
        "insert into companies (company_name, owner_name, email, password_hash, twilio_phone_number) values ('A', 'B', 'c@d.example', 'x', '+353861110003')",
        ...(engine === "postgres"
          ? [
              "truncate twilio_phone_numbers",
              "truncate companies cascade",
              "insert into twilio_phone_numbers (phone_number) values ('+353861110001') on conflict (phone_number) do update set status = 'available'",
            ]
          : [
              "update companies set rowid = 9 where id = 1",
              "update companies set _rowid_ = 1 where id = 3",
              "update or replace companies set id = 1 where id = 3",
              "update or replace companies set email = 'aoife@byrne.example' where id = 3",
              "update or replace twilio_phone_numbers set id = 1 where id = 3",
              "update or replace twilio_phone_numbers set phone_number = '+353861110001' where id = 3",
              "replace into twilio_phone_numbers (phone_number) values ('+353861110001')",
              "replace into twilio_phone_numbers (id, phone_number) values (1, '+353861110009')",
              "replace into companies (id, company_name, owner_name, email, password_hash) values (1, 'A', 'B', 'c@d.example', 'x')",
              "replace into companies (company_name, owner_name, email, password_hash) values ('A', 'B', 'aoife@byrne.example', 'x')",
              "insert into twilio_phone_numbers (phone_number) values (cast('+353861110001' as blob))",
              "insert into twilio_phone_numbers (phone_number) values ('+353861110001' || char(0))",
            ]),
      ];
      for (const attack of attacks) {
        await expect(db.raw(attack), attack).rejects.toThrow();
        expect((await readContents(db)).rows, attack).toEqual(sound.rows);
      }
    });

    test("a company has one number and a number one company, even by the indexes alone", async () => {
      const { db } = await openLegacy();
      await migrateToLatest(db);
      const unique = await uniqueIndexes(db);
      expect(unique).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/companies.*\(.?twilio_phone_number.?\)$/),
          expect.stringMatching(/companies.*\(lower\(email\)\)$/),
          expect.stringMatching(/twilio_phone_numbers.*\(.?phone_number.?\)$/),
          expect.stringMatching(/twilio_phone_numbers.*\(assigned_to_company_id\) where/i),
        ]),
      );
    });

    test("the rules can be removed and installed again, and in between the tables are as they were", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      const before = await readContents(db);
      await migrateToLatest(db);
      const after = await readContents(db);
      await db.migrate.rollback(migrationConfig, true);
      expect(await readContents(db)).toEqual(before);
      await migrateToLatest(db);
      expect(await readContents(db)).toEqual(after);
    });

    test("100,000 companies and numbers are adopted in 30 seconds, and can be read all the while", async () => {
      const { db, url } = await openLegacy();
      await addManyLegacyRows(db, 100_000);
      // Without a write-ahead log SQLite would wait for readers.
      if (engine === "sqlite") await db.raw("pragma journal_mode = wal");
      const reader = openDatabase(url);
      // A reader whose transaction is still open is not waited for either.
      const idle = await reader.transaction();
      await idle("twilio_phone_numbers").first("id");

      const stop = new AbortController();
      const other = engine === "postgres" ? reader : openDatabase(url);
      const reading = slowestRead(other, stop.signal);
      const start = performance.now();
      await migrateToLatest(db);
      const took = performance.now() - start;
      stop.abort();
      const { slowest, reads } = await reading;
      await idle.rollback();

      expect(took).toBeLessThan(30_000);
      expect(reads).toBeGreaterThan(5);
      expect(slowest).toBeLessThan(1_000);
      expect(await findDamage(db)).toEqual([]);
      expect(await assignPhoneNumber(db, 99_999)).toEqual({
        outcome: "assigned",
        phoneNumber: "+353861000001",
      });
    });
  });
}

async function slowestRead(db: Knex, signal: AbortSignal) {
  let slowest = 0;
  let reads = 0;
  while (!signal.aborted) {
    const start = performance.now();
    await db("twilio_phone_numbers").where({ id: 77_777 }).first("status");
    await db("companies").where({ id: 77_777 }).first("email");
    slowest = Math.max(slowest, performance.now() - start);
    reads++;
  }
  return { slowest, reads };
}

async function uniqueIndexes(db: Knex): Promise<string[]> {
  if (isPostgres(db)) {
    return db("pg_indexes")
      .where({ schemaname: "public" })
      .whereLike("indexdef", "CREATE UNIQUE%")
      .pluck("indexdef");
  }
  const rows = await db.raw<{ definition: string }[]>(
    `select coalesce(s.sql, m.name || ' (' || (select group_concat(name) from pragma_index_info(l.name)) || ')') as definition
       from sqlite_master m, pragma_index_list(m.name) l left join sqlite_master s on s.name = l.name
      where m.type = 'table' and l."unique" = 1`,
  );
  return rows.map(({ definition }) => definition);
}

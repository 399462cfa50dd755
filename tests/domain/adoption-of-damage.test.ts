import type { Knex } from "knex";
import { describe, expect, test, vi } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage } from "#app/doctor/repair.server.ts";
import { migrateToLatest, pendingMigrations } from "#app/migrate.server.ts";
import {
  databases,
  everythingIn,
  failedMigration,
  openLegacy as open,
} from "../support/adopted.ts";
import { openDatabase } from "../support/databases.ts";
import { doDamage, isPossible, legacyDamages } from "../support/legacy-damage.ts";
import { addLegacyRows, legacyNumber, readContents } from "../support/legacy.ts";

for (const database of databases) {
  const { engine, name, upgraded } = database;
  const openLegacy = () => open(database);

  describe(`adopting damaged tables of the old system (${name})`, () => {
    for (const damage of legacyDamages) {
      if (!isPossible(damage, engine, upgraded)) continue;

      test(`${damage.name}: it stops with nothing changed or left behind, and names the rows`, async () => {
        const { db } = await openLegacy();
        await addLegacyRows(db);
        await doDamage(db, damage);
        const before = [await readContents(db), await everythingIn(db)];

        const error = await failedMigration(db);
        expect(error.name).toBe("PoolDamagedError");
        for (const row of damage.names) expect(error.message).toContain(row);
        expect(error.message).toContain(
          damage.mendable ? "npm run doctor -- --repair" : "To decide: ",
        );
        expect([await readContents(db), await everythingIn(db)]).toEqual(before);
        expect(await pendingMigrations(db)).not.toEqual([]);
      });
    }

    test("what stops it reads well in a terminal", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      await doDamage(db, {
        sql: [
          "update twilio_phone_numbers set assigned_at = null where id = 1",
          "insert into twilio_phone_numbers (id, phone_number, status) values (70, '+353861110070', 'assigned')",
        ],
      });
      expect((await failedMigration(db)).message).toMatchInlineSnapshot(`
        "The migration stopped and changed nothing: rows in the database break the rules that it is to keep (2 findings).

        - A number is assigned, but it is not known when: company 1 "Byrne & Daughters" (holds "+353861110001"), number 1 "+353861110001" (assigned to company 1, time unknown).
          To repair: Number 1 becomes assigned since 2024-01-01 00:00:00, the earliest time that is certain.

        - A number is assigned, but to nobody: number 70 "+353861110070" (assigned to nobody, time unknown).
          To decide: Whose is it?
            a company's, by its id: update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = COMPANY where id = 70;
            nobody's: update twilio_phone_numbers set status = 'available', assigned_to_company_id = null, assigned_at = null where id = 70;

        \`npm run doctor -- --repair\` does what is "to repair" (1 of 2). What is "to decide" needs one of its answers, as SQL. Then migrate again."
      `);
    });
    if (engine === "postgres") {
      test("damage that another transaction is still doing is waited for, and seen", async () => {
        const { db, url } = await openLegacy();
        await addLegacyRows(db);
        const writer = await openDatabase(url).transaction();
        await writer("companies")
          .where({ id: 3 })
          .update({ twilio_phone_number: legacyNumber(3) });

        const failure = failedMigration(db);
        const observer = openDatabase(url);
        await vi.waitFor(async () => {
          expect(
            await observer("pg_stat_activity")
              .where({ wait_event_type: "Lock" })
              .whereRaw("datname = current_database()"),
          ).toHaveLength(1);
        }, 10_000);
        await writer.commit();
        expect((await failure).name).toBe("PoolDamagedError");
      });
    }

    test("damage done while the rules were switched off is left alone if they refuse its repair", async () => {
      const { db } = await openLegacy();
      await addLegacyRows(db);
      await migrateToLatest(db);
      await withoutRules(db, async () => {
        await db("companies")
          .where({ id: 3 })
          .update({ twilio_phone_number: legacyNumber(3) });
      });
      const before = await readContents(db);
      expect(await findDamage(db)).toMatchObject([
        { kind: "available-but-held", repair: expect.any(String) },
      ]);

      const { repaired, left } = await repairDamage(db);
      expect(repaired).toEqual([]);
      expect(left).toMatchObject([{ kind: "available-but-held" }]);
      expect(left[0]).not.toHaveProperty("repair");
      expect(left[0]?.decision).toContain("refuse");
      expect(await readContents(db)).toEqual(before);

      await withoutRules(db, async () => {
        expect((await repairDamage(db)).left).toEqual([]);
      });
      expect(await findDamage(db)).toEqual([]);
    });
  });
}

/** Does `work` without the triggers. */
async function withoutRules(db: Knex, work: () => Promise<void>): Promise<void> {
  if (isPostgres(db)) {
    const tables = ["companies", "twilio_phone_numbers"];
    for (const table of tables) {
      await db.raw(`alter table ${table} disable trigger user`);
    }
    await work();
    for (const table of tables) {
      await db.raw(`alter table ${table} enable trigger user`);
    }
    return;
  }
  const triggers = await db("sqlite_master")
    .where({ type: "trigger" })
    .select<{ name: string; sql: string }[]>("name", "sql");
  for (const { name } of triggers) await db.raw(`drop trigger ${name}`);
  await work();
  for (const { sql } of triggers) await db.raw(sql);
}

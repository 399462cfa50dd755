import { describe, expect, test } from "vitest";
import { migrateToLatest } from "#app/migrate.server.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage } from "#app/doctor/repair.server.ts";
import { engines } from "../support/databases.ts";
import { doDamage, isPossible, legacyDamages } from "../support/legacy-damage.ts";
import {
  addLegacyRows,
  addManyLegacyRows,
  legacyNumber,
  openLegacyDatabase,
  readContents,
} from "../support/legacy.ts";

for (const engine of engines) {
  describe(`damage in the tables of the old system (${engine})`, () => {
    test("there is none in rows that obey the rules", async () => {
      const db = await openLegacyDatabase(engine);
      await addLegacyRows(db);
      const before = await readContents(db);
      expect(await findDamage(db)).toEqual([]);
      expect(await repairDamage(db)).toEqual({ repaired: [], left: [] });
      expect(await readContents(db)).toEqual(before);
    });

    for (const damage of legacyDamages) {
      if (!isPossible(damage, engine, engine === "sqlite")) continue;
      const { kind, names } = damage;

      test(`${damage.name}: found once, and ${damage.mendable ? "mended" : "left for people to decide"}`, async () => {
        const upgraded = damage.only === "upgraded sqlite";
        const db = await openLegacyDatabase(engine, { upgraded });
        await addLegacyRows(db);
        await doDamage(db, damage);
        const before = await readContents(db);

        const found = await findDamage(db);
        expect(found).toMatchObject([{ kind }]);
        for (const name of names) expect(found[0]?.finding).toContain(name);
        expect(`${found[0]?.finding}${found[0]?.decision}`).not.toContain("\n");
        expect(found[0]?.repair !== undefined).toBe(damage.mendable);

        const { repaired, left } = await repairDamage(db);
        if (!damage.mendable) {
          expect({ repaired, left }).toEqual({ repaired: [], left: found });
          expect(await readContents(db)).toEqual(before);
          return;
        }
        expect(repaired).toMatchObject([{ kind, finding: found[0]?.finding }]);
        expect(left).toEqual([]);
        expect(await findDamage(db)).toEqual([]);
        for (const [id, row] of Object.entries(damage.after?.numbers ?? {})) {
          expect(
            await db("twilio_phone_numbers")
              .where("id", id)
              .select("phone_number", "status", "assigned_to_company_id"),
          ).toEqual(
            row === null
              ? []
              : [
                  {
                    phone_number: row[0],
                    status: row[1] === null ? "available" : "assigned",
                    assigned_to_company_id: row[1],
                  },
                ],
          );
        }
        for (const [id, held] of Object.entries(damage.after?.companies ?? {})) {
          expect(await db("companies").where("id", id).pluck("twilio_phone_number")).toEqual([
            held,
          ]);
        }
        await migrateToLatest(db);
      });
    }

    for (const damage of legacyDamages) {
      if (damage.mendable || damage.kind === "tangled-claims") continue;
      if (!isPossible(damage, engine, engine === "sqlite")) continue;

      test(`${damage.name}: whichever way it is decided, the proposed SQL resolves it`, async () => {
        const upgraded = damage.only === "upgraded sqlite";
        const db = await openLegacyDatabase(engine, { upgraded });
        await addLegacyRows(db);
        await doDamage(db, damage);
        const [found] = await findDamage(db);
        const ways = (found?.decision ?? "")
          .split(" | ")
          .map((way) => way.match(/(update|delete) [^;]*;/g) ?? []);
        expect(ways.length).toBeGreaterThan(1);

        for (const way of ways) {
          const undo = new Error("undo");
          const decided = db.transaction(async (transaction) => {
            for (const statement of way) {
              await transaction.raw(
                statement
                  .replace("COMPANY", "4")
                  .replace("'+…'", "'+353861110099'")
                  .replace("YYYY-MM-DD HH:MM:SS", "2024-02-01 10:00:00")
                  .replace("'…'", "'new@kelly.example'"),
              );
            }
            const { left } = await repairDamage(transaction);
            expect(left).toEqual([]);
            throw undo;
          });
          await expect(decided).rejects.toBe(undo);
        }
      });
    }

    test("a repair keeps a known time of assignment, and otherwise uses the earliest certain one", async () => {
      const db = await openLegacyDatabase(engine);
      await addLegacyRows(db);
      await doDamage(db, {
        sql: [
          "update twilio_phone_numbers set status = 'available', assigned_to_company_id = null where id = 1",
          "update twilio_phone_numbers set assigned_at = null where id = 2",
          "update companies set twilio_phone_number = '+353861110003' where id = 3",
          "update companies set twilio_phone_number = '+353861110004' where id = 4",
        ],
      });
      expect((await repairDamage(db)).repaired).toMatchObject([
        { repair: "Number 1 becomes assigned to company 1." },
        {
          repair: "Number 2 becomes assigned since 1970-01-01 00:00:00, since nothing tells when.",
        },
        {
          repair:
            "Number 3 becomes assigned to company 3 since 2024-02-01 10:00:00, the earliest time that is certain.",
        },
        {
          repair:
            "+353861110004 enters the pool, assigned to company 4 since 2024-02-02 10:00:00, the earliest time that is certain.",
        },
      ]);
      expect(await db("twilio_phone_numbers").orderBy("id").pluck("assigned_at")).toEqual([
        "2024-01-01 12:34:56",
        "1970-01-01 00:00:00",
        "2024-02-01 10:00:00",
        "2024-02-02 10:00:00",
      ]);
    });

    test("what can be repaired is, even beside what cannot", async () => {
      const db = await openLegacyDatabase(engine);
      await addLegacyRows(db);
      await doDamage(db, {
        sql: [
          "update twilio_phone_numbers set assigned_at = null where id = 1",
          "insert into twilio_phone_numbers (id, phone_number, status) values (70, '+353861110070', 'assigned')",
          "update companies set twilio_phone_number = '+353 86 111 0003' where id = 3",
        ],
      });
      const { repaired, left } = await repairDamage(db);
      expect(repaired.map(({ kind }) => kind)).toEqual([
        "assigned-without-time",
        "available-but-held",
      ]);
      expect(left).toMatchObject([{ kind: "assigned-without-owner" }]);
      expect(await findDamage(db)).toEqual(left);
    });

    if (engine === "sqlite") {
      test("two numbers of one owner that does not exist are two findings", async () => {
        const db = await openLegacyDatabase(engine);
        await addLegacyRows(db);
        await doDamage(db, {
          sql: [8, 9].map(
            (n) =>
              `insert into twilio_phone_numbers (phone_number, status, assigned_to_company_id) values ('+35386111000${n}', 'assigned', 999)`,
          ),
        });
        expect(await findDamage(db)).toMatchObject([
          { kind: "owner-does-not-exist" },
          { kind: "owner-does-not-exist" },
        ]);
      });
    }

    test("a name cannot forge a line of the report", async () => {
      const db = await openLegacyDatabase(engine);
      await addLegacyRows(db);
      await db("companies")
        .where({ id: 3 })
        .update({
          company_name: "A\nB\u001b[2J\u009b2J\u202e",
          twilio_phone_number: legacyNumber(3),
        });
      expect((await findDamage(db))[0]?.finding).toContain(
        String.raw`company 3 "A\nB\u001b[2J\u{9b}2J\u{202e}"`,
      );
    });

    test("100,000 sound companies and numbers are looked through in two seconds", async () => {
      const db = await openLegacyDatabase(engine, { upgraded: engine === "sqlite" });
      await addManyLegacyRows(db, 100_000);
      const start = performance.now();
      expect(await findDamage(db)).toEqual([]);
      expect(performance.now() - start).toBeLessThan(2_000);
    });

    test("10,000 damaged numbers are each found and mended", async () => {
      const db = await openLegacyDatabase(engine, { upgraded: engine === "sqlite" });
      await addManyLegacyRows(db, 20_000);
      await db("twilio_phone_numbers").where({ status: "assigned" }).update({ assigned_at: null });
      expect(await findDamage(db)).toHaveLength(10_000);
      const { repaired, left } = await repairDamage(db);
      expect(repaired).toHaveLength(10_000);
      expect(left).toEqual([]);
    });
  });
}

describe.each(engines)("sound rows are left in the database (%s)", (engine) => {
  test("and a trunk prefix is looked for after the calling code alone", async () => {
    const db = await openLegacyDatabase(engine);
    await addLegacyRows(db);
    // Each has a digit that is the trunk prefix in another country's plan.
    const sound = [
      "+13052000001",
      "+447010000001",
      "+390612345678",
      "+35315000001",
      "+12015550001",
    ];
    await db("twilio_phone_numbers").insert(
      sound.map((phone_number) => ({ phone_number, status: "available" })),
    );
    const read: number[] = [];
    db.on("query-response", (rows: unknown, { sql }: { sql: string }) => {
      if (sql.includes("breaks_rule")) read.push((rows as { length: number }).length);
    });
    expect(await findDamage(db)).toEqual([]);
    expect(read).toEqual([0]);
  });

  test("and each number with one is found", async () => {
    const db = await openLegacyDatabase(engine);
    await addLegacyRows(db);
    const prefixed = ["+3530868200001", "+4407400123456", "+3580401234567", "+113052000001"];
    await db("twilio_phone_numbers").insert(
      prefixed.map((phone_number) => ({ phone_number, status: "available" })),
    );
    const named = (await findDamage(db)).map(({ finding }) => finding).join("\n");
    for (const number of prefixed) expect(named).toContain(number);
  });
});

import fc from "fast-check";
import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { migrateToLatest } from "#app/migrate.server.ts";
import { findDamage, type Damage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage } from "#app/doctor/repair.server.ts";
import { createTestDatabase, engines, openDatabase, type Engine } from "../support/databases.ts";
import { doDamage, legacyDamages } from "../support/legacy-damage.ts";
import {
  addLegacyRows,
  addManyLegacyRows,
  createLegacyTables,
  legacyNumber,
  readContents,
  type Contents,
} from "../support/legacy.ts";

async function openLegacy(engine: Engine, options?: { upgraded?: boolean }): Promise<Knex> {
  const { url } = await createTestDatabase(engine);
  const db = openDatabase(url, { statementTimeout: 0 });
  await createLegacyTables(db, options);
  return db;
}

const texts = [
  "+353861110001",
  "+353 86 111 0001",
  "00353861110001",
  "+353861110002",
  "(+353) 86 1110002",
  "+353861110003",
  "+abc",
  "086 111 0004",
];

interface Company {
  id: number;
  twilio_phone_number: string | null;
}
interface PoolNumber {
  phone_number: string;
  status: string | null;
  assigned_to_company_id: number | null;
  assigned_at: string | null;
}

/** Any rows that the constraints of the old tables let in. */
function mixture(engine: Engine) {
  const held = fc.constantFrom(null, null, "", ...texts);
  const companies = fc
    .uniqueArray(held, {
      minLength: 4,
      maxLength: 4,
      comparator: (a, b) => engine === "postgres" && a !== null && a === b,
    })
    .map((all) =>
      all.map((twilio_phone_number, index) => ({
        id: index + 1,
        company_name: `Company ${index + 1}`,
        owner_name: "Owner",
        email: `${index}@company.example`,
        password_hash: "x",
        twilio_phone_number,
      })),
    );
  const numbers = fc.uniqueArray(
    fc.record({
      phone_number: fc.constantFrom(...texts),
      status: fc.constantFrom("available", "assigned", "assigned", null),
      assigned_to_company_id: fc.constantFrom(
        null,
        1,
        2,
        3,
        4,
        ...(engine === "sqlite" ? [99] : []),
      ),
      assigned_at: fc.constantFrom(null, "2024-01-01 00:00:00"),
    }),
    { maxLength: 6, selector: ({ phone_number }) => phone_number },
  );
  return fc.record({ companies, numbers });
}

function rowsOf({ rows }: Contents) {
  return {
    companies: rows["companies"] as unknown[] as Company[],
    numbers: rows["twilio_phone_numbers"] as unknown[] as PoolNumber[],
  };
}

/** The rules of interface.md, in other words than the program's. */
function breaksARule(contents: Contents): boolean {
  const { companies, numbers } = rowsOf(contents);
  const isSound = (number: PoolNumber) => {
    const owner = companies.find(({ id }) => id === number.assigned_to_company_id);
    return (
      /^\+[1-9]\d{1,14}$/.test(number.phone_number) &&
      (number.status === "assigned"
        ? owner?.twilio_phone_number === number.phone_number && number.assigned_at !== null
        : number.status === "available" &&
          number.assigned_to_company_id === null &&
          number.assigned_at === null)
    );
  };
  const hasItsNumber = ({ id, twilio_phone_number }: Company) =>
    twilio_phone_number === null ||
    numbers.some(
      (number) =>
        number.phone_number === twilio_phone_number && number.assigned_to_company_id === id,
    );
  return !numbers.every(isSound) || !companies.every(hasItsNumber);
}

/** Who says in either table that a number is a company's, whatever the way it is written. */
function claims(contents: Contents): string[] {
  const { companies, numbers } = rowsOf(contents);
  const digits = (text: string) => text.replace(/\D/g, "").replace(/^00/, "") || text;
  const isCompany = (id: number | null) => companies.some((company) => company.id === id);
  return [
    ...new Set([
      ...companies
        .filter(({ twilio_phone_number }) => twilio_phone_number)
        .map(({ id, twilio_phone_number }) => `${id} has ${digits(twilio_phone_number!)}`),
      ...numbers
        .filter(
          ({ status, assigned_to_company_id }) =>
            status === "assigned" && isCompany(assigned_to_company_id),
        )
        .map(
          ({ phone_number, assigned_to_company_id }) =>
            `${assigned_to_company_id} has ${digits(phone_number)}`,
        ),
    ]),
  ].sort();
}

/** Whether a row is named in the findings. */
function namedIn(damages: Damage[]) {
  const named = new Set(damages.flatMap(({ finding }) => finding.match(/\w+ \d+(?= ")/g) ?? []));
  return (table: "companies" | "twilio_phone_numbers", id: unknown) =>
    named.has(`${table === "companies" ? "company" : "number"} ${String(id)}`);
}

const mixtures = 60;

for (const engine of engines) {
  describe(`damage in the tables of the old system (${engine})`, () => {
    test("there is none in rows that keep the rules", async () => {
      const db = await openLegacy(engine);
      await addLegacyRows(db);
      const before = await readContents(db);
      expect(await findDamage(db)).toEqual([]);
      expect(await repairDamage(db)).toEqual({ repaired: [], left: [] });
      expect(await readContents(db)).toEqual(before);
    });

    for (const damage of legacyDamages) {
      if (damage.only && engine === "postgres") continue;
      const { kind, names } = damage;

      test(`${damage.name}: found once, and ${damage.mendable ? "mended" : "left for people to decide"}`, async () => {
        const db = await openLegacy(engine, {
          upgraded: damage.only === "upgraded sqlite",
        });
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
              .where({ id })
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
          expect(await db("companies").where({ id }).pluck("twilio_phone_number")).toEqual([held]);
        }
        await migrateToLatest(db);
      });
    }

    for (const damage of legacyDamages) {
      if (damage.mendable || damage.kind === "tangled-claims") continue;
      if (damage.only && engine === "postgres") continue;

      test(`${damage.name}: whichever way it is decided, the SQL that is proposed ends it`, async () => {
        const url = await createTestDatabase(engine);
        const db = openDatabase(url.url, { statementTimeout: 0 });
        await createLegacyTables(db, {
          upgraded: damage.only === "upgraded sqlite",
        });
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

    test("a repair keeps the time of assignment that is known, and takes the present where none is", async () => {
      const db = await openLegacy(engine);
      await addLegacyRows(db);
      await doDamage(db, {
        sql: [
          "update twilio_phone_numbers set status = 'available', assigned_to_company_id = null where id = 1",
          "update twilio_phone_numbers set assigned_at = null where id = 2",
        ],
      });
      const before = Date.now();
      expect((await repairDamage(db)).repaired).toMatchObject([
        {
          repair: "Number 1 becomes assigned to company 1.",
        },
        { repair: "Number 2 becomes assigned since now." },
      ]);
      const [first, second] = (await db("twilio_phone_numbers")
        .orderBy("id")
        .pluck("assigned_at")) as string[];
      expect(first).toBe("2024-01-01 12:34:56");
      const since = Date.parse(`${second?.replace(" ", "T")}Z`);
      expect(since).toBeGreaterThan(before - 2_000);
      expect(since).toBeLessThan(before + 60_000);
    });

    test("what can be mended is mended beside what cannot", async () => {
      const db = await openLegacy(engine);
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
        const db = await openLegacy(engine);
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
      const db = await openLegacy(engine);
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
      const db = await openLegacy(engine, { upgraded: engine === "sqlite" });
      await addManyLegacyRows(db, 100_000);
      const start = performance.now();
      expect(await findDamage(db)).toEqual([]);
      expect(performance.now() - start).toBeLessThan(2_000);
    });

    test("10,000 damaged numbers are each found and mended", async () => {
      const db = await openLegacy(engine, { upgraded: engine === "sqlite" });
      await addManyLegacyRows(db, 20_000);
      await db("twilio_phone_numbers").where({ status: "assigned" }).update({ assigned_at: null });
      expect(await findDamage(db)).toHaveLength(10_000);
      const { repaired, left } = await repairDamage(db);
      expect(repaired).toHaveLength(10_000);
      expect(left).toEqual([]);
    });

    test("any mixture of rows: damage is what breaks a rule, a repair takes nothing from anybody and touches nothing that is left", async () => {
      const db = await openLegacy(engine, { upgraded: engine === "sqlite" });
      if (engine === "sqlite") await db.raw("pragma foreign_keys = off");
      await fc.assert(
        fc.asyncProperty(mixture(engine), async ({ companies, numbers }) => {
          await db("twilio_phone_numbers").delete();
          await db("companies").delete();
          await db("companies").insert(companies);
          if (numbers.length > 0) {
            await db("twilio_phone_numbers").insert(numbers);
          }
          const before = await readContents(db);
          expect((await findDamage(db)).length > 0).toBe(breaksARule(before));

          const { repaired, left } = await repairDamage(db);
          const after = await readContents(db);
          expect(await findDamage(db)).toEqual(left);
          expect(left.length > 0).toBe(breaksARule(after));
          expect(claims(after)).toEqual(claims(before));
          const isMended = namedIn(repaired);
          for (const table of ["companies", "twilio_phone_numbers"] as const) {
            const others = before.rows[table]?.filter(({ id }) => !isMended(table, id));
            expect(after.rows[table]).toEqual(expect.arrayContaining(others!));
          }
        }),
        { numRuns: mixtures },
      );
    });
  });
}

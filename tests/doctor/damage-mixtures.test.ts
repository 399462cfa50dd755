import fc from "fast-check";
import { expect, test } from "vitest";
import { findDamage, type Damage } from "#app/doctor/damage/diagnosis.server.ts";
import { repairDamage } from "#app/doctor/repair.server.ts";
import { engines, type Engine } from "../support/databases.ts";
import { openLegacyDatabase, readContents, type Contents } from "../support/legacy.ts";

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

/** Any rows that the old tables' constraints allow. */
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

/** The rules of assignment, written independently of the program. */
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

/** The claims in either table that a number is a company's, however it is written. */
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
  test(`any mixture of rows (${engine}): exactly what breaks a rule is damage, and a repair takes nothing from anybody`, async () => {
    const db = await openLegacyDatabase(engine, { upgraded: engine === "sqlite" });
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
}

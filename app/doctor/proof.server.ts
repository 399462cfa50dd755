import { randomInt } from "node:crypto";
import type { Knex } from "knex";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignPhoneNumber, currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { missing as missingRules } from "#app/domain/rules/rules.server.ts";
import { pendingMigrations } from "#app/migrate.server.ts";

/**
 * Proves on a live database that the rules of assignment hold: by the program's own verbs, and by
 * plain SQL that tries to break each one. All of it happens in one transaction that is rolled back,
 * on rows of its own, so nothing stays and no real number is touched.
 */

/** A rule, and whether it held. */
export interface RuleProof {
  rule: string;
  /** undefined if it holds, otherwise what was seen instead */
  failure: string | undefined;
}

class RollBack extends Error {}

/**
 * @returns a proof for each rule, in a fixed order; only the first if the schema is not current
 * @throws the driver's error if the database is away
 */
export async function proveAssignmentRules(db: Knex): Promise<RuleProof[]> {
  const pending = await pendingMigrations(db);
  const schema: RuleProof = {
    rule: "the schema is current",
    failure:
      pending.length > 0 ? `missing: ${pending.join(", ")}; run “npm run migrate”` : undefined,
  };
  if (schema.failure) return [schema];
  const missing = await missingRules(db);
  const inPlace: RuleProof = {
    rule: "every trigger and unique index that holds a rule is in place",
    failure:
      missing.length > 0
        ? `missing: ${missing.join(", ")}; run “npm run migrate -- --restore-rules”`
        : undefined,
  };
  const proofs: RuleProof[] = [schema, inPlace];
  try {
    await db.transaction(async (trx) => {
      proofs.push(...(await proveIn(trx)));
      throw new RollBack();
    });
  } catch (error) {
    if (!(error instanceof RollBack)) throw error;
  }
  return proofs;
}

async function proveIn(trx: Knex.Transaction): Promise<RuleProof[]> {
  const scene = await setScene(trx);
  const proofs: RuleProof[] = [];
  for (const [rule, prove] of [...choices, ...attacks]) {
    proofs.push({ rule, failure: await attempt(trx, scene, prove) });
  }
  return proofs;
}

interface Scene {
  /** company ids that nobody else has */
  owner: number;
  other: number;
  /** never gets a number */
  spare: number;
  /** E.164 numbers of an unused country code; after {@link choices} the first is the owner's */
  numbers: [string, string, string];
}

type Prove = (trx: Knex.Transaction, scene: Scene) => Promise<string | undefined>;

// Negative ids fit an INTEGER and leave the sequences alone, which no rollback would set back. The
// numbers entered the pool in 1970, so that first-available takes them and no real one is locked
// meanwhile.
async function setScene(trx: Knex.Transaction): Promise<Scene> {
  const salt = randomInt(100_000_000, 700_000_000);
  const scene: Scene = {
    owner: -salt,
    other: -salt - 1,
    spare: -salt - 2,
    numbers: [`+999${salt}1`, `+999${salt}2`, `+999${salt}3`],
  };
  const created = "1970-01-01 00:00:00";
  for (const id of [scene.owner, scene.other, scene.spare]) {
    await trx("companies").insert({
      id,
      company_name: "Assignment test",
      owner_name: "Assignment test",
      email: `assignment-test${id}@example.invalid`,
      password_hash: "none",
      created_at: created,
      updated_at: created,
    });
  }
  await trx("twilio_phone_numbers").insert(
    scene.numbers.map((phone_number, index) => ({
      id: -salt * 3 + index,
      phone_number,
      status: "available",
      created_at: created,
    })),
  );
  return scene;
}

/** Runs one proof; anything it throws is its failure, unless the database itself is away. */
async function attempt(
  trx: Knex.Transaction,
  scene: Scene,
  prove: Prove,
): Promise<string | undefined> {
  try {
    return await prove(trx, scene);
  } catch (error) {
    if (isDatabaseUnavailable(error)) throw error;
    return "the database refused what it should allow";
  }
}

async function offered(trx: Knex, scene: Scene): Promise<string[]> {
  const page = await listAvailable(trx, {
    limit: 10,
    search: scene.numbers[0].slice(0, -1),
  });
  return page.ok ? page.numbers.map((number) => number.phoneNumber) : [];
}

const differs = (seen: unknown, expected: unknown) =>
  JSON.stringify(seen) === JSON.stringify(expected)
    ? undefined
    : `expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`;

/** The owner chooses the first number; each step builds on the one before. */
const choices: [string, Prove][] = [
  [
    "a chosen number is the company's, in both tables",
    async (trx, { owner, numbers }) => {
      const { outcome } = await assignPhoneNumber(trx, owner, numbers[0]);
      const held = await trx("companies")
        .where({ id: owner })
        .first<{ twilio_phone_number: string | null }>("twilio_phone_number");
      const current = await currentPhoneNumber(trx, owner);
      return differs(
        [outcome, current?.phoneNumber, held.twilio_phone_number],
        ["assigned", numbers[0], numbers[0]],
      );
    },
  ],
  [
    "only available numbers are offered",
    async (trx, scene) => differs(await offered(trx, scene), scene.numbers.slice(1)),
  ],
  [
    "the same choice again changes nothing, and is told the number",
    async (trx, { owner, numbers }) =>
      differs(await assignPhoneNumber(trx, owner, numbers[0]), {
        outcome: "already-has-number",
        phoneNumber: numbers[0],
      }),
  ],
  [
    "a company gets no second number",
    async (trx, { owner, numbers }) =>
      differs(
        [
          (await assignPhoneNumber(trx, owner, numbers[1])).outcome,
          (await assignPhoneNumber(trx, owner)).outcome,
        ],
        ["already-has-number", "already-has-number"],
      ),
  ],
  [
    "a taken number goes to nobody else",
    async (trx, { other, numbers }) =>
      differs((await assignPhoneNumber(trx, other, numbers[0])).outcome, "not-available"),
  ],
  [
    "an unknown number is not available",
    async (trx, { other, numbers }) =>
      differs((await assignPhoneNumber(trx, other, `${numbers[0]}9`)).outcome, "not-available"),
  ],
  [
    "without a choice a company gets the first available number",
    async (trx, { other, numbers }) =>
      differs(await assignPhoneNumber(trx, other), {
        outcome: "assigned",
        phoneNumber: numbers[1],
      }),
  ],
];

/** What somebody with an SQL client might try; each attempt must be refused and change nothing. */
const attacks: [string, Prove][] = [
  attack("is not un-assigned", (trx, { numbers }) =>
    trx("twilio_phone_numbers").where({ phone_number: numbers[0] }).update({
      status: "available",
      assigned_to_company_id: null,
      assigned_at: null,
    }),
  ),
  attack("is not moved to another company", (trx, { spare, numbers }) =>
    trx("twilio_phone_numbers")
      .where({ phone_number: numbers[0] })
      .update({ assigned_to_company_id: spare }),
  ),
  attack("is not renamed", (trx, { numbers }) =>
    trx("twilio_phone_numbers")
      .where({ phone_number: numbers[0] })
      .update({ phone_number: `${numbers[0]}9` }),
  ),
  attack("is not deleted", (trx, { numbers }) =>
    trx("twilio_phone_numbers").where({ phone_number: numbers[0] }).delete(),
  ),
  attack("is not taken from its company", (trx, { owner }) =>
    trx("companies").where({ id: owner }).update({ twilio_phone_number: null }),
  ),
  attack("is not exchanged for another", (trx, { owner, numbers }) =>
    trx("companies").where({ id: owner }).update({ twilio_phone_number: numbers[2] }),
  ),
  attack("is not joined by a second", (trx, { owner, numbers }) =>
    trx("twilio_phone_numbers").where({ phone_number: numbers[2] }).update({
      status: "assigned",
      assigned_to_company_id: owner,
      assigned_at: "2000-01-01 00:00:00",
    }),
  ),
  attack("keeps its company from being deleted", (trx, { owner }) =>
    trx("companies").where({ id: owner }).delete(),
  ),
  attack("never enters the pool as such", (trx, { spare, numbers }) =>
    trx("twilio_phone_numbers").insert({
      id: -1,
      phone_number: `${numbers[2]}9`,
      status: "assigned",
      assigned_to_company_id: spare,
      assigned_at: "2000-01-01 00:00:00",
      created_at: "1970-01-01 00:00:00",
    }),
  ),
];

function attack(
  rule: string,
  statement: (trx: Knex.Transaction, scene: Scene) => PromiseLike<unknown>,
): [string, Prove] {
  const prove: Prove = async (trx, scene) => {
    const before = await rowsOf(trx, scene);
    let refused = false;
    let after = before;
    try {
      await trx.transaction(async (savepoint) => {
        try {
          await statement(savepoint, scene);
        } catch (error) {
          if (isDatabaseUnavailable(error)) throw error;
          refused = true;
          throw new RollBack();
        }
        after = await rowsOf(savepoint, scene);
        throw new RollBack();
      });
    } catch (error) {
      if (!(error instanceof RollBack)) throw error;
    }
    return refused || differs(after, before) === undefined
      ? undefined
      : "plain SQL could do it: a trigger is missing or not what it was; run “npm run migrate -- --restore-rules”";
  };
  return [`an assigned number ${rule}`, prove];
}

async function rowsOf(trx: Knex, { owner, other, spare, numbers }: Scene) {
  const pool: unknown[] = await trx("twilio_phone_numbers")
    .where("phone_number", "like", `${numbers[0].slice(0, -1)}%`)
    .orderBy("id")
    .select("id", "phone_number", "status", "assigned_to_company_id");
  const companies: unknown[] = await trx("companies")
    .whereIn("id", [owner, other, spare])
    .orderBy("id")
    .select("id", "twilio_phone_number");
  return { pool, companies };
}

import type { Knex } from "knex";
import {
  claimants,
  heldKey,
  inChunks,
  isSilent,
  isUnreadable,
  numbersIn,
  readKnots,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";
import {
  cureOf,
  describeCure,
  saysUnreadable,
  type Change,
} from "#app/doctor/damage/cure.server.ts";
import { ask, questionOf, quoted } from "#app/doctor/damage/questions.server.ts";
import { readOddEmails } from "#app/domain/adopted-emails.server.ts";
import { createMissingTables, whatIsThere } from "#app/doctor/damage/tables.server.ts";
import { asStored } from "#app/domain/e164.ts";
import { isTime } from "#app/domain/rules/rules.server.ts";

/**
 * What is wrong, in words: rows that break a rule of the two tables. Databases of the previous
 * system have them, and the migration stops at them. Each row is named once, with its repair or
 * what people have to decide.
 */

const headlines = {
  "company-with-two-numbers": "One company has two numbers",
  "number-of-two-companies": "Two companies have the same number",
  "tangled-claims": "Companies and numbers are mixed up",
  "no-phone-number": "This is no phone number",
  "one-number-in-two-rows": "One number is in the pool twice",
  "missing-from-pool": "A company's number is missing from the pool",
  "owner-does-not-exist": "A number's owner does not exist",
  "no-status": "A number has no status",
  "assigned-without-owner": "A number is assigned, but to nobody",
  "available-but-held": "A number is available, but a company has it",
  "available-with-owner": "A number is available, but has an owner",
  "available-with-time": "A number is available, but was assigned once",
  "owner-does-not-hold": "A number is assigned to a company that has none",
  "assigned-without-time": "A number is assigned, but it is not known when",
  "unreadable-time": "A time cannot be read",
  "not-e164": "A number is not written in E.164",
  "blank-number": "A company's number is blank",
  "one-email-of-two-companies": "Two companies sign in with the same email",
};

export type DamageKind = keyof typeof headlines;

/** Rows that break a rule together. */
export interface Damage {
  kind: DamageKind;
  /** the rows and what is wrong with them, one line */
  finding: string;
  /** what an operator has to decide, one line; with a `repair`, that there is nothing to decide */
  decision: string;
  /** what a repair does about it, one sentence; absent if people have to decide */
  repair?: string;
  /** the steps of `repair` */
  changes?: Change[];
}

const mostInAMessage = 1_000;

/** What stops the migration. The message names each row and what to decide, for a terminal. */
export class PoolDamagedError extends Error {
  override name = "PoolDamagedError";
  constructor(readonly damage: readonly Damage[]) {
    const repairable = damage.filter(({ repair }) => repair !== undefined).length;
    const more = damage.length - mostInAMessage;
    super(
      [
        `The migration stopped and changed nothing: rows in the database break the rules that it is to keep (${damage.length} ${damage.length === 1 ? "finding" : "findings"}).`,
        ...damage.slice(0, mostInAMessage).map(describeDamage),
        ...(more > 0 ? [`And ${more} more; \`npm run doctor\` names all.`] : []),
        [
          repairable > 0 &&
            `\`npm run doctor -- --repair\` does what is "to repair" (${repairable} of ${damage.length}).`,
          repairable < damage.length && 'What is "to decide" needs one of its answers, as SQL.',
          "Then migrate again.",
        ]
          .filter(Boolean)
          .join(" "),
      ].join("\n\n"),
    );
  }
}

/** A finding and what can be done about it, as a few lines for a terminal. */
function describeDamage({ finding, decision, repair }: Damage): string {
  if (repair !== undefined) return `- ${finding}\n  To repair: ${repair}`;
  const [question = "", ...answers] = decision.split(/(?<=\?) | \| /);
  return [`- ${finding}\n  To decide: ${question}`, ...answers].join("\n    ");
}

/**
 * Everything that breaks a rule of `companies` and `twilio_phone_numbers`. If part of the two is
 * missing, it is made for the diagnosis and removed again.
 */
export async function findDamage(db: Knex): Promise<Damage[]> {
  if ((await whatIsThere(db)) !== "some") return findDamageInTables(db);
  const undo = new Error("undo");
  let damage: Damage[] = [];
  try {
    await db.transaction(async (transaction) => {
      await createMissingTables(transaction);
      damage = await findDamageInTables(transaction);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  return damage;
}

async function findDamageInTables(db: Knex): Promise<Damage[]> {
  const knots = await readKnots(db);
  return [
    ...knots.map(diagnose),
    ...(await findSharedEmails(db)),
    ...(await findUnreadableCompanyTimes(db)),
  ];
}

/**
 * Companies whose `created_at` says something, but cannot be read; if it says nothing, nothing is
 * lost.
 */
async function findUnreadableCompanyTimes(db: Knex): Promise<Damage[]> {
  const rows = await claimants(db).whereRaw(`not ${isTime(db, "c.created_at")}`);
  const kind = "unreadable-time";
  return rows
    .filter(({ created_at }) => saysUnreadable(created_at))
    .map(({ id, company_name, created_at }) => {
      const set = (value: string) => [
        `update companies set created_at = ${value} where id = ${id};`,
      ];
      return {
        kind,
        finding: `${headlines[kind]}: company ${id} ${quoted(company_name)} (there since ${quoted(String(created_at))}).`,
        decision: ask("Since when, in UTC?", [
          { answer: "since a time that is known", sql: set("'YYYY-MM-DD HH:MM:SS'") },
          { answer: "nobody knows", sql: set("null") },
        ]),
      };
    });
}

function diagnose(knot: Knot): Damage {
  const kind = kindOf(knot);
  const finding = `${headlines[kind]}: ${describeRows(knot)}.`;
  const changes = cureOf(knot);
  if (!changes) return { kind, finding, decision: questionOf(knot) };
  return {
    kind,
    finding,
    decision: "Nothing: `npm run doctor -- --repair` mends it.",
    repair: describeCure(changes, knot),
    changes,
  };
}

interface Account {
  id: number;
  name: string;
  email: string;
  key: string;
}

async function findSharedEmails(db: Knex): Promise<Damage[]> {
  const accounts = () =>
    db("companies").select<Account[]>(
      "id",
      "company_name as name",
      "email",
      db.raw("lower(email) as key"),
    );
  const odd = new Map((await readOddEmails(db)).map(({ id, folded }) => [id, folded]));
  const found = await accounts().whereRaw(
    "lower(email) in (select lower(email) from companies group by lower(email) having count(*) > 1)",
  );
  const oddAccounts = await inChunks([...odd], (chunk) =>
    accounts()
      .whereIn(
        "id",
        chunk.map(([id]) => id),
      )
      .orWhereRaw(
        `lower(email) in (${chunk.map(() => "?").join(", ")})`,
        chunk.map(([, folded]) => folded),
      ),
  );
  const byId = new Map([...found, ...oddAccounts].map((account) => [account.id, account]));
  const sharing = new Map<string, Account[]>();
  for (const account of [...byId.values()].sort((a, b) => a.id - b.id)) {
    const key = odd.get(account.id) ?? account.key;
    sharing.set(key, [...(sharing.get(key) ?? []), account]);
  }
  const kind = "one-email-of-two-companies";
  return [...sharing.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      kind,
      finding: `${headlines[kind]}: ${group
        .map(({ id, name, email }) => `company ${id} ${quoted(name)} (${quoted(email)})`)
        .join(", ")}.`,
      decision: ask(
        "Which company gets another email?",
        group.map(({ id }) => ({
          answer: `company ${id}`,
          sql: [`update companies set email = '…' where id = ${id};`],
        })),
      ),
    }));
}

function kindOf(knot: Knot): DamageKind {
  const numbers = numbersIn(knot);
  if (numbers.size > 1 && knot.companies.length > 1) return "tangled-claims";
  if (numbers.size > 1) return "company-with-two-numbers";
  if (knot.companies.length > 1) return "number-of-two-companies";
  const [number] = numbers;
  if (number === undefined) return "blank-number";
  if (asStored(number) === undefined) return "no-phone-number";
  if (knot.rows.length > 1) return "one-number-in-two-rows";
  const [row] = knot.rows;
  return row ? kindOfRow(row, knot.companies[0]) : "missing-from-pool";
}

function kindOfRow(row: PoolRow, company: Claimant | undefined): DamageKind {
  const owner = row.assigned_to_company_id;
  const isHeld = company && heldKey(company) !== undefined;
  if (owner !== null && owner !== company?.id) return "owner-does-not-exist";
  if (row.status === "available") {
    if (isHeld) return "available-but-held";
    if (owner !== null) return "available-with-owner";
    if (row.assigned_at !== null) return "available-with-time";
    return isUnreadable(row.created_at) ? "unreadable-time" : "not-e164";
  }
  if (row.status !== "assigned") return "no-status";
  if (owner === null) return "assigned-without-owner";
  if (!isHeld) return "owner-does-not-hold";
  if (isSilent(row.assigned_at)) return "assigned-without-time";
  return isUnreadable(row.assigned_at) || isUnreadable(row.created_at)
    ? "unreadable-time"
    : "not-e164";
}

function describeRows({ companies, rows }: Knot): string {
  const isKnown = (owner: number) => companies.some(({ id }) => id === owner);
  return [
    ...companies.map(({ id, company_name, twilio_phone_number: held }) => {
      const holds = held === null ? "holds no number" : `holds ${quoted(held)}`;
      return `company ${id} ${quoted(company_name)} (${holds})`;
    }),
    ...rows.map((row) => {
      const { status, assigned_to_company_id: owner, assigned_at } = row;
      const isAssigned = status === "assigned";
      const whose =
        owner === null
          ? isAssigned && " to nobody"
          : `${isAssigned ? " to" : ", owner"} company ${owner}${isKnown(owner) ? "" : ", which does not exist"}`;
      const since =
        assigned_at === null
          ? isAssigned && ", time unknown"
          : `, since ${quoted(String(assigned_at))}`;
      const added = isUnreadable(row.created_at) && `, added ${quoted(String(row.created_at))}`;
      return `number ${row.id} ${quoted(row.phone_number)} (${status ?? "no status"}${whose || ""}${since || ""}${added || ""})`;
    }),
  ].join(", ");
}

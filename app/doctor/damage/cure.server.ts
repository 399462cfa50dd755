import type { Knex } from "knex";
import {
  heldKey,
  numbersIn,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";
import { asStored } from "#app/domain/e164.ts";
import { toDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/**
 * What repairs a knot. Claims on one number by one company at most have one sound state, and can be brought to it.
 * Wherever a second company, a second number, or an owner that nobody knows comes in, people decide; nothing is guessed.
 */

/** A number as the pool is to have it. */
interface SoundRow extends Omit<PoolRow, "id"> {
  status: "available" | "assigned";
}

/** One step of a repair; rows and companies by id. */
export type Change =
  | { remove: number }
  | { row: number; set: Partial<SoundRow> }
  | { add: SoundRow }
  | { company: number; phoneNumber: string | null };

/**
 * What brings a knot to its one sound state, in the order to do it; undefined where it has more than one.
 * @param now the time of an assignment whose own is not known
 */
export function cureOf(knot: Knot, now: DatabaseTime): Change[] | undefined {
  const { rows, companies } = knot;
  const [company, otherCompany] = companies;
  const [key, otherKey] = numbersIn(knot);
  if (otherCompany || otherKey !== undefined) return undefined;
  if (key === undefined) return companies.map(({ id }) => ({ company: id, phoneNumber: null }));

  const phoneNumber = asStored(key);
  if (phoneNumber !== undefined && company) return cureAssigned(rows, company, phoneNumber, now);
  if (company || !rows.every(isFree)) return undefined;
  if (phoneNumber === undefined) return isNoNumber(key) ? remove(rows) : undefined;
  return settle(rows, {
    phone_number: phoneNumber,
    status: "available",
    assigned_to_company_id: null,
    assigned_at: null,
  });
}

const isFree = (row: PoolRow) => row.assigned_to_company_id === null && !isTaken(row);
const isTaken = ({ status }: PoolRow) => status !== null && status !== "available";

// With fewer digits than any subscriber's number has, it cannot be one that was written down wrong.
const isNoNumber = (text: string) => (text.normalize("NFKC").match(/\p{Nd}/gu)?.length ?? 0) < 5;

function cureAssigned(
  rows: PoolRow[],
  company: Claimant,
  phoneNumber: string,
  now: DatabaseTime,
): Change[] | undefined {
  const names = (row: PoolRow) => row.assigned_to_company_id === company.id;
  const isOwned = (row: PoolRow) => row.status === "assigned" && names(row);
  // An owner of a number that is not assigned, and that the owner does not hold, may be a mark left from long ago.
  if (heldKey(company) === undefined && !rows.some(isOwned)) return undefined;
  const mayBeOthers = (row: PoolRow) =>
    (row.assigned_to_company_id !== null && !names(row)) ||
    (row.status !== "assigned" && isTaken(row));
  if (rows.some(mayBeOthers)) return undefined;

  const held = company.twilio_phone_number;
  const weight = (row: PoolRow) =>
    (isOwned(row) ? 4 : 0) +
    (row.phone_number === held ? 2 : 0) +
    (row.assigned_at === null ? 0 : 1);
  const byWeight = rows.toSorted((a, b) => weight(b) - weight(a));
  return [
    ...settle(byWeight, {
      phone_number: phoneNumber,
      status: "assigned",
      assigned_to_company_id: company.id,
      assigned_at: byWeight.find((row) => row.assigned_at)?.assigned_at ?? now,
    }),
    ...(held === phoneNumber ? [] : [{ company: company.id, phoneNumber }]),
  ];
}

/** Leaves one row of a number, the first, and leaves it as `wanted`. */
function settle([kept, ...twins]: PoolRow[], wanted: SoundRow): Change[] {
  if (!kept) return [{ add: wanted }];
  const differs = ([column, value]: [string, unknown]) => kept[column as keyof SoundRow] !== value;
  const set: Partial<SoundRow> = Object.fromEntries(Object.entries(wanted).filter(differs));
  return [...remove(twins), ...(Object.keys(set).length > 0 ? [{ row: kept.id, set }] : [])];
}

const remove = (rows: PoolRow[]) => rows.map(({ id }) => ({ remove: id }));

/** A cure as one sentence in the present tense, for an operator; `now` as in {@link cureOf}. */
export function describeCure(changes: readonly Change[], now: DatabaseTime): string {
  const sentence = changes.map((change) => describeChange(change, now)).join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

function describeChange(change: Change, now: DatabaseTime): string {
  if ("remove" in change) return `number ${change.remove} is removed`;
  if ("company" in change) {
    return `company ${change.company} holds ${change.phoneNumber ?? "no number"}`;
  }
  const set = "add" in change ? change.add : change.set;
  const owner = set.assigned_to_company_id;
  const since = set.assigned_at === now ? "now" : set.assigned_at;
  const state = set.status ?? (since && !owner ? "assigned" : undefined);
  const whose = owner && (state ? `to company ${owner}` : `company ${owner}'s`);
  const is = [state, whose, since && `since ${since}`].filter(Boolean).join(" ");
  if ("add" in change) return `${set.phone_number} enters the pool, ${is}`;
  const becomes = [set.phone_number, is].filter(Boolean).join(", ");
  return becomes === ""
    ? `number ${change.row} loses its time of assignment`
    : `number ${change.row} becomes ${becomes}`;
}

/**
 * Carries out `changes`, all or none.
 * @returns false where a rule or a constraint of the database refuses one of them
 * @throws the driver's error where it is anything else
 */
export async function tryCure(db: Knex, changes: readonly Change[]): Promise<boolean> {
  try {
    await db.transaction(async (savepoint) => {
      for (const change of changes) await apply(savepoint, change);
    });
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

async function apply(db: Knex, change: Change): Promise<void> {
  const numbers = db("twilio_phone_numbers");
  if ("remove" in change) await numbers.where({ id: change.remove }).delete();
  else if ("row" in change) await numbers.where({ id: change.row }).update(change.set);
  else if ("add" in change) await numbers.insert({ ...change.add, created_at: toDatabaseTime() });
  else {
    const company = db("companies").where({ id: change.company });
    await company.update({ twilio_phone_number: change.phoneNumber });
  }
}

/** A trigger or a constraint said no: class 23 of PostgreSQL's codes. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(SQLITE_CONSTRAINT|23...)$/.test(code);
}

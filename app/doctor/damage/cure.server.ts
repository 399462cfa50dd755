import type { Knex } from "knex";
import {
  heldKey,
  isSilent,
  isUnreadable,
  numbersIn,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";
import { asStored } from "#app/domain/e164.ts";
import { readTime, toDatabaseTime, unknownTime, type DatabaseTime } from "#app/domain/times.ts";

/**
 * How a knot is repaired. Claims on one number by at most one company have one sound state, and can
 * be brought to it. If a second company, a second number or an unknown owner is involved, people
 * decide; nothing is guessed.
 */

/** A number as it should be in the pool. */
interface SoundRow extends Omit<PoolRow, "id" | "created_at"> {
  status: "available" | "assigned";
  /** absent if it stays as it is */
  created_at?: PoolRow["created_at"];
}

/** One step of a repair; rows and companies by id. */
export type Change =
  | { remove: number }
  | { row: number; set: Partial<SoundRow> }
  | { add: SoundRow }
  | { company: number; phoneNumber: string | null };

/**
 * The steps that bring a knot to its one sound state, in order; undefined if it has more than one.
 */
export function cureOf(knot: Knot): Change[] | undefined {
  const { rows, companies } = knot;
  const [company, otherCompany] = companies;
  const [key, otherKey] = numbersIn(knot);
  if (otherCompany || otherKey !== undefined) return undefined;
  if (key === undefined) return companies.map(({ id }) => ({ company: id, phoneNumber: null }));

  const phoneNumber = asStored(key);
  if (phoneNumber !== undefined && company) return cureAssigned(rows, company, phoneNumber);
  if (company || !rows.every(isFree)) return undefined;
  if (phoneNumber === undefined) return isNoNumber(key) ? remove(rows) : undefined;
  if (rows.some((row) => saysUnreadable(row.created_at))) return undefined;
  return settle(rows, {
    phone_number: phoneNumber,
    status: "available",
    assigned_to_company_id: null,
    assigned_at: null,
  });
}

const isFree = (row: PoolRow) => row.assigned_to_company_id === null && !isTaken(row);
const isTaken = ({ status }: PoolRow) => status !== null && status !== "available";

// With fewer digits than any subscriber's number, it cannot be a miswritten one.
const isNoNumber = (text: string) => (text.normalize("NFKC").match(/\p{Nd}/gu)?.length ?? 0) < 5;

/** Whether a person may know what is meant by text that the program cannot read. */
export const saysUnreadable = (time: PoolRow["created_at"]) =>
  isUnreadable(time) && !isSilent(time);

/**
 * The time to use for an assignment if its own is not known: the earliest that is certain, when the
 * number was in the pool and the company had signed up.
 */
export function earliestCertain(rows: readonly PoolRow[], company?: Claimant): DatabaseTime {
  const known = (times: PoolRow["created_at"][]) =>
    times.flatMap((time) => readTime(time)?.getTime() ?? []);
  const added = known(rows.map(({ created_at }) => created_at));
  const all = [
    ...(added.length > 0 ? [Math.min(...added)] : []),
    ...known([company?.created_at ?? null]),
  ];
  return all.length > 0 ? toDatabaseTime(new Date(Math.max(...all))) : unknownTime;
}

function cureAssigned(
  rows: PoolRow[],
  company: Claimant,
  phoneNumber: string,
): Change[] | undefined {
  const names = (row: PoolRow) => row.assigned_to_company_id === company.id;
  const isOwned = (row: PoolRow) => row.status === "assigned" && names(row);
  // If the number is neither assigned to its owner nor held by it, the owner may be a leftover from
  // long ago.
  if (heldKey(company) === undefined && !rows.some(isOwned)) return undefined;
  const mayBeOthers = (row: PoolRow) =>
    (row.assigned_to_company_id !== null && !names(row)) ||
    (row.status !== "assigned" && isTaken(row));
  if (rows.some(mayBeOthers)) return undefined;
  if (rows.some((row) => saysUnreadable(row.assigned_at) || saysUnreadable(row.created_at))) {
    return undefined;
  }

  const held = company.twilio_phone_number;
  const weight = (row: PoolRow) =>
    (isOwned(row) ? 4 : 0) +
    (row.phone_number === held ? 2 : 0) +
    (isSilent(row.assigned_at) ? 0 : 1);
  const byWeight = rows.toSorted((a, b) => weight(b) - weight(a));
  return [
    ...settle(byWeight, {
      phone_number: phoneNumber,
      status: "assigned",
      assigned_to_company_id: company.id,
      assigned_at:
        byWeight.find((row) => !isSilent(row.assigned_at))?.assigned_at ??
        earliestCertain(rows, company),
    }),
    ...(held === phoneNumber ? [] : [{ company: company.id, phoneNumber }]),
  ];
}

/** Keeps one row of a number, the first, and makes it as `wanted`. */
function settle([kept, ...twins]: PoolRow[], wanted: SoundRow): Change[] {
  if (!kept) return [{ add: { ...wanted, created_at: wanted.assigned_at } }];
  const differs = ([column, value]: [string, unknown]) => kept[column as keyof SoundRow] !== value;
  const set: Partial<SoundRow> = Object.fromEntries(Object.entries(wanted).filter(differs));
  if (isUnreadable(kept.created_at)) set.created_at = null;
  return [...remove(twins), ...(Object.keys(set).length > 0 ? [{ row: kept.id, set }] : [])];
}

const remove = (rows: PoolRow[]) => rows.map(({ id }) => ({ remove: id }));

/** A cure as one sentence in the present tense, for an operator. */
export function describeCure(changes: readonly Change[], { rows }: Knot): string {
  const isKnown = (time: unknown) => rows.some(({ assigned_at }) => assigned_at === time);
  const sentence = changes.map((change) => describeChange(change, isKnown)).join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

function describeChange(change: Change, isKnown: (time: unknown) => boolean): string {
  if ("remove" in change) return `number ${change.remove} is removed`;
  if ("company" in change) {
    return `company ${change.company} holds ${change.phoneNumber ?? "no number"}`;
  }
  const set = "add" in change ? change.add : change.set;
  const owner = set.assigned_to_company_id;
  const state = set.status ?? (set.assigned_at && !owner ? "assigned" : undefined);
  const whose = owner && (state ? `to company ${owner}` : `company ${owner}'s`);
  const since = set.assigned_at && `since ${set.assigned_at}${why(set.assigned_at, isKnown)}`;
  const is = [state, whose, since].filter(Boolean).join(" ");
  if ("add" in change) return `${set.phone_number} enters the pool, ${is}`;
  const added = "created_at" in set && "added at a time unknown";
  const becomes = [set.phone_number, is, added].filter(Boolean).join(", ");
  return becomes === ""
    ? `number ${change.row} loses its time of assignment`
    : `number ${change.row} becomes ${becomes}`;
}

function why(time: string | number, isKnown: (time: unknown) => boolean): string {
  if (isKnown(time)) return "";
  return time === unknownTime
    ? ", since nothing tells when"
    : ", the earliest time that is certain";
}

/**
 * Carries out `changes`, all or none.
 * @returns false if a rule or a constraint of the database refuses one of them
 * @throws the driver's error if anything else fails
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
  else if ("add" in change) await numbers.insert(change.add);
  else {
    const company = db("companies").where({ id: change.company });
    await company.update({ twilio_phone_number: change.phoneNumber });
  }
}

/** Whether a trigger or a constraint said no: class 23 of PostgreSQL's codes. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(SQLITE_CONSTRAINT|23...)$/.test(code);
}

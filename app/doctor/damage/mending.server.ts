import {
  isHeld,
  meantNumber,
  numbersIn,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";
import type { DatabaseTime } from "#app/domain/times.ts";

/**
 * A knot of claims on one number by one company at most has one sound state, and can be brought to it. Wherever two
 * companies, two numbers, or an owner that nobody knows come in, people decide. Nothing is ever guessed.
 */

/** A number as the pool is to have it. */
export interface PoolColumns {
  phone_number: string;
  status: "available" | "assigned";
  assigned_to_company_id: number | null;
  assigned_at: string | number | null;
}

/** One step of a repair; rows and companies by id. */
export type Change =
  | { remove: number }
  | { row: number; set: Partial<PoolColumns> }
  | { add: PoolColumns }
  | { company: number; phoneNumber: string | null };

/**
 * What brings a knot to its one sound state, in the order to do it; undefined where there is more than one such state.
 * @param now the time of an assignment whose own is not known
 */
export function mend(knot: Knot, now: DatabaseTime): Change[] | undefined {
  const [company, otherCompany] = knot.companies;
  const [key, otherKey] = numbersIn(knot);
  if (otherCompany || otherKey !== undefined) return undefined;
  if (key === undefined) {
    return knot.companies.map(({ id }) => ({ company: id, phoneNumber: null }));
  }
  const phoneNumber = meantNumber(key);
  if (phoneNumber === undefined) return mendNoNumber(knot, key);
  if (company) return mendAssigned(knot.rows, company, phoneNumber, now);
  return knot.rows.every(isFree) ? mendAvailable(knot.rows, phoneNumber) : undefined;
}

const isFree = ({ status, ownerId }: PoolRow) =>
  (status === null || status === "available") && ownerId === null;

function mendNoNumber({ rows, companies }: Knot, text: string): Change[] | undefined {
  // Fewer digits than any subscriber's number has: it cannot be one that was written down wrong.
  const digits = text.normalize("NFKC").match(/\p{Nd}/gu)?.length ?? 0;
  return digits < 5 && companies.length === 0 && rows.every(isFree)
    ? rows.map(({ id }) => ({ remove: id }))
    : undefined;
}

function mendAvailable([kept, ...twins]: PoolRow[], phoneNumber: string): Change[] {
  return [
    ...remove(twins),
    ...(kept
      ? changeRow(kept, {
          phone_number: phoneNumber,
          status: "available",
          assigned_to_company_id: null,
          assigned_at: null,
        })
      : []),
  ];
}

function mendAssigned(
  rows: PoolRow[],
  company: Claimant,
  phoneNumber: string,
  now: DatabaseTime,
): Change[] | undefined {
  const isOwned = (row: PoolRow) => row.status === "assigned" && row.ownerId === company.id;
  // An owner of a number that is not assigned, and that the owner does not hold, may be a mark left from long ago.
  if (!isHeld(company.held) && !rows.some(isOwned)) return undefined;
  const couldBeOthers = (row: PoolRow) =>
    (row.ownerId !== null && row.ownerId !== company.id) ||
    (row.status !== "assigned" && !isFree({ ...row, ownerId: null }));
  if (rows.some(couldBeOthers)) return undefined;

  const weight = (row: PoolRow) =>
    (isOwned(row) ? 4 : 0) +
    (row.text === company.held ? 2 : 0) +
    (row.assignedAt === null ? 0 : 1);
  const [kept, ...twins] = rows.toSorted((a, b) => weight(b) - weight(a));
  const wanted: PoolColumns = {
    phone_number: phoneNumber,
    status: "assigned",
    assigned_to_company_id: company.id,
    assigned_at: [kept, ...twins].find((row) => row?.assignedAt)?.assignedAt ?? now,
  };
  return [
    ...remove(twins),
    ...(kept ? changeRow(kept, wanted) : [{ add: wanted }]),
    ...(company.held === phoneNumber ? [] : [{ company: company.id, phoneNumber }]),
  ];
}

const remove = (rows: PoolRow[]) => rows.map(({ id }) => ({ remove: id }));

function changeRow(row: PoolRow, wanted: PoolColumns): Change[] {
  const set: Partial<PoolColumns> = {};
  if (row.text !== wanted.phone_number) set.phone_number = wanted.phone_number;
  if (row.status !== wanted.status) set.status = wanted.status;
  if (row.ownerId !== wanted.assigned_to_company_id) {
    set.assigned_to_company_id = wanted.assigned_to_company_id;
  }
  if (row.assignedAt !== wanted.assigned_at) {
    set.assigned_at = wanted.assigned_at;
  }
  return Object.keys(set).length > 0 ? [{ row: row.id, set }] : [];
}

/** Changes as one sentence in the present tense, for an operator; `now` as in {@link mend}. */
export function sayChanges(changes: readonly Change[], now: DatabaseTime): string {
  const say = (change: Change) => {
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
  };
  const sentence = changes.map(say).join("; ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

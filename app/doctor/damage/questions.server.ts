import { asStored } from "#app/domain/e164.ts";
import {
  heldKey,
  numberKey,
  numbersIn,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";
import { earliestCertain, saysUnreadable } from "#app/doctor/damage/cure.server.ts";

/**
 * What only people can decide: which of the claims on a number is right. Whichever answer they
 * choose, its SQL leaves a knot that is sound or can be repaired.
 */

export interface Answer {
  answer: string;
  /** what to run for it; people fill in `…` and `COMPANY` */
  sql: string[];
}

/** A question and its answers, on one line. */
export const ask = (question: string, answers: Answer[]) =>
  `${question} ${answers.map(({ answer, sql }) => `${answer}: ${sql.join(" ")}`).join(" | ")}`;

/** What people have to decide about a knot that cannot be repaired without them. */
export function questionOf(knot: Knot): string {
  const { companies, rows } = knot;
  const claims = companies.flatMap((company) => claimsOf(company, rows));
  if (claims.length > 1) {
    return ask(
      claims.length === 2
        ? "Which claim is wrong, and is taken back?"
        : "Which claims are wrong, and are taken back, so that each company and each number is left with one?",
      claims,
    );
  }
  const [company] = companies;
  const setHeld = (value: string) =>
    company && heldKey(company) !== undefined ? [hold(company.id, value)] : [];
  const setRows = (values: string) => rows.map(({ id }) => updateRow(id, values));
  if ([...numbersIn(knot)].some((key) => asStored(key) === undefined)) {
    return ask("Which number is meant?", [
      { answer: "this one", sql: [...setHeld("'+…'"), ...setRows("phone_number = '+…'")] },
      {
        answer: "none",
        sql: [
          ...setHeld("null"),
          ...rows.map(({ id }) => `delete from twilio_phone_numbers where id = ${id};`),
        ],
      },
    ]);
  }
  const unreadable = rows.flatMap((row) =>
    (["created_at", "assigned_at"] as const)
      .filter((column) => saysUnreadable(row[column]))
      .map((column) => ({ row, column })),
  );
  if (unreadable.length > 0) {
    const setTimes = (value: (one: (typeof unreadable)[number]) => string) =>
      unreadable.map((one) => updateRow(one.row.id, `${one.column} = ${value(one)}`));
    return ask("When was it, in UTC?", [
      { answer: "at a time that is known", sql: setTimes(() => "'YYYY-MM-DD HH:MM:SS'") },
      {
        answer: "nobody knows, so the earliest time that is certain",
        sql: setTimes(({ row, column }) =>
          column === "created_at" ? "null" : `'${earliestCertain([row], company)}'`,
        ),
      },
    ]);
  }
  return ask("Whose is it?", [
    {
      answer: company ? `company ${company.id}'s` : "a company's, by its id",
      sql: setRows(`status = 'assigned', assigned_to_company_id = ${company?.id ?? "COMPANY"}`),
    },
    { answer: "nobody's", sql: [...setHeld("null"), ...setRows(free)] },
  ]);
}

/** Each number that a company claims, in either table, and the SQL that withdraws the claim. */
function claimsOf(company: Claimant, rows: PoolRow[]): Answer[] {
  const takeBack = new Map<string, string[]>();
  const held = heldKey(company);
  if (held !== undefined) takeBack.set(held, [hold(company.id, "null")]);
  for (const { id, phone_number, assigned_to_company_id } of rows) {
    if (assigned_to_company_id !== company.id) continue;
    const key = numberKey(phone_number);
    takeBack.set(key, [...(takeBack.get(key) ?? []), updateRow(id, free)]);
  }
  return [...takeBack].map(([number, sql]) => ({
    answer: `company ${company.id} having ${quoted(number)}`,
    sql,
  }));
}

const hold = (companyId: number, value: string) =>
  `update companies set twilio_phone_number = ${value} where id = ${companyId};`;

const free = "status = 'available', assigned_to_company_id = null, assigned_at = null";

const updateRow = (id: number, values: string) =>
  `update twilio_phone_numbers set ${values} where id = ${id};`;

/**
 * Text from the database made safe for a terminal line: anything that could forge or hide something
 * is escaped.
 */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

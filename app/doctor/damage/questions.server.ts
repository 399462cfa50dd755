import {
  isHeld,
  meantNumber,
  numberKey,
  numbersIn,
  type Claimant,
  type Knot,
  type PoolRow,
} from "#app/doctor/damage/claims.server.ts";

/**
 * What only people know: which of the claims on a number is right. Whatever is answered, the SQL that goes with the
 * answer leaves a knot that is sound or that can be mended.
 */

export interface Answer {
  answer: string;
  /** what to run for it; `…` and `COMPANY` are for people to fill in */
  sql: string[];
}

/** A question and its answers, as one line. */
export const ask = (question: string, answers: Answer[]) =>
  `${question} ${answers.map(({ answer, sql }) => `${answer}: ${sql.join(" ")}`).join(" | ")}`;

/** What people have to decide about a knot that cannot be mended, with the SQL of each answer. */
export function decide(knot: Knot): string {
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
  const holder = company && isHeld(company.held) ? company : undefined;
  if ([...numbersIn(knot)].some((key) => meantNumber(key) === undefined)) {
    return ask("Which number is meant?", [
      {
        answer: "this one",
        sql: [
          ...(holder ? [holds(holder.id, "'+…'")] : []),
          ...rows.map(({ id }) => inPool(id, "phone_number = '+…'")),
        ],
      },
      {
        answer: "none",
        sql: [
          ...(holder ? [holds(holder.id, "null")] : []),
          ...rows.map(({ id }) => `delete from twilio_phone_numbers where id = ${id};`),
        ],
      },
    ]);
  }
  const owner = company?.id ?? "COMPANY";
  return ask("Whose is it?", [
    {
      answer: company ? `company ${owner}'s` : "a company's, by its id",
      sql: rows.map(({ id }) =>
        inPool(id, `status = 'assigned', assigned_to_company_id = ${owner}`),
      ),
    },
    {
      answer: "nobody's",
      sql: [
        ...(holder ? [holds(holder.id, "null")] : []),
        ...rows.map(({ id }) => inPool(id, free)),
      ],
    },
  ]);
}

/** Each number that a company claims, in either table, and what takes the claim back. */
function claimsOf(company: Claimant, rows: PoolRow[]): Answer[] {
  const takeBack = new Map<string, string[]>();
  if (isHeld(company.held)) {
    takeBack.set(numberKey(company.held), [holds(company.id, "null")]);
  }
  for (const { id, text, ownerId } of rows) {
    if (ownerId !== company.id) continue;
    const key = numberKey(text);
    takeBack.set(key, [...(takeBack.get(key) ?? []), inPool(id, free)]);
  }
  return [...takeBack].map(([number, sql]) => ({
    answer: `company ${company.id} having ${quoted(number)}`,
    sql,
  }));
}

const holds = (companyId: number, value: string) =>
  `update companies set twilio_phone_number = ${value} where id = ${companyId};`;

const free = "status = 'available', assigned_to_company_id = null, assigned_at = null";

const inPool = (id: number, values: string) =>
  `update twilio_phone_numbers set ${values} where id = ${id};`;

/** Text from the database as it may stand in a line of a terminal: what could forge or hide something is escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

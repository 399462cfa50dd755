import { numberKinds } from "#app/domain/number-facts.ts";
import {
  codeLength,
  runMarks,
  runsOf,
  twoDigitCodes,
  type NumberFilter,
} from "#app/domain/number-patterns.ts";
import { keptTime, trigger } from "#app/domain/rules/sqlite.ts";

/**
 * What SQLite keeps of the pool for searches and counts, in the transaction of each change: a row
 * of `numbers_on_offer` for each available number, its trigrams in `offer_search`, and
 * `pool_counts` (docs/decisions/6-numbers-on-offer.md).
 */

/**
 * SQL for a number's place in the pool's order: when it entered, and its id, as one integer; FTS5
 * searches in that order.
 */
export const place = (enteredAt: string, id: string) =>
  `((min(max(coalesce(cast(strftime('%s', ${enteredAt}) as integer), 0), 1), 4294967295) - 2147483648) * 4294967296 + ${id})`;

/** SQL for the id at a place. */
export const idAt = (place: string) => `((${place} & 4294967295) - ((${place} & 2147483648) << 1))`;

/**
 * The word of a country, of a kind, of both together, or of what among them is memorable: three
 * characters, a trigram.
 */
export function facetWord({ country, kind, memorable }: NumberFilter): string | undefined {
  const ofKind = kind ? String(numberKinds.indexOf(kind) + 1) : "";
  if (country && kind) return country + (memorable ? inGreek(ofKind) : ofKind);
  if (country) return (memorable ? "m" : "c") + country;
  if (kind) return (memorable ? "mm" : "kk") + ofKind;
  return memorable ? "mem" : undefined;
}

/** A calling code is indexed in Greek letters, so that the digits after it are words of their own. */
const firstLetter = "α".codePointAt(0)!;
const inGreek = (digits: string) =>
  digits.replaceAll(/\d/g, (digit) => String.fromCodePoint(firstLetter + Number(digit)));

/** A word of number-patterns.ts as the index has it. */
export function digitWord(word: string): string {
  if (word.startsWith("+")) {
    const end = 1 + codeLength(word.slice(1));
    return inGreek(word.slice(0, end)) + word.slice(end);
  }
  const [inCode, rest] = word.split("'");
  return rest === undefined ? word : inGreek(inCode!) + rest;
}

/** The columns of `offer_search`; marks and letters keep one from matching as another. */
const searchColumns = [
  "digits",
  "home_after_2",
  "home_after_3",
  "country",
  "kind",
  "country_and_kind",
  "memorable",
];

/** SQL for the words of a kind; numbers that may be either are also found as mobiles. */
const kinds = (row: string, word: (ofKind: string) => string) => {
  const either = numberKinds.map((kind) =>
    kind === "geographic-or-mobile" ? [kind, "mobile" as const] : [kind],
  );
  const words = either.map((some) =>
    some.map((kind) => word(String(numberKinds.indexOf(kind) + 1))).join(" || "),
  );
  return `case ${row}.kind ${numberKinds
    .map((kind, at) => `when '${kind}' then ${words[at]}`)
    .join(" ")} end`;
};

const memorable = (row: string) => {
  const words = [
    `' m' || ${row}.country`,
    kinds(row, (ofKind) => `' mm${ofKind}'`),
    kinds(row, (ofKind) => `' ' || ${row}.country || '${inGreek(ofKind)}'`),
  ];
  return `case when ${row}.memorable
    then 'mem' || ${words.map((word) => `coalesce(${word}, '')`).join(" || ")} else '' end`;
};

/**
 * SQL for the text that is indexed of a number: its calling code in Greek. One of up to seven
 * digits is there as it is too.
 */
const written = (number: string) => {
  const letters = [2, 3, 4].map(
    (at) => `char(unicode(substr(${number}, ${at}, 1)) + ${firstLetter - "0".charCodeAt(0)})`,
  );
  const after = (digits: number) =>
    ["'+'", ...letters.slice(0, digits), `substr(${number}, ${digits + 2})`].join(" || ");
  return `case when substr(${number}, 2, 1) in ('1', '7') then ${after(1)}
    when substr(${number}, 2, 2) in ('${twoDigitCodes.join("', '")}') then ${after(2)} else ${after(3)} end
    || '$' || case when length(${number}) < 9 then ${number} || '$' else '' end`;
};

const searched = (row: string) => `${place(`${row}.entered_at`, `${row}.id`)},
  ${written(`${row}.phone_number`)}, 'p' || substr(${row}.phone_number, 4, 2), 'q' || substr(${row}.phone_number, 5, 2),
  'c' || ${row}.country, ${kinds(row, (ofKind) => `'kk${ofKind}'`)},
  ${kinds(row, (ofKind) => `${row}.country || '${ofKind}'`)}, ${memorable(row)}
    || ${runMarks
      .flatMap(([mark, length]) => runsOf(length).map((run) => [run, mark + run[0]]))
      .map(([run, word]) => `iif(instr(${row}.phone_number, '${run}'), '${word}', '')`)
      .join(" || ")}`;

const columns = searchColumns.join(", ");
const index = (row: string) =>
  `insert into offer_search (rowid, ${columns}) values (${searched(row)});`;
const unindex = (row: string) =>
  `insert into offer_search (offer_search, rowid, ${columns}) values ('delete', ${searched(row)});`;

const entered = (row: string) =>
  `coalesce(${keptTime(`${row}.created_at`)}, '1970-01-01 00:00:00')`;

const count = (what: string, n: number, when = "true", row?: string) =>
  `insert into pool_counts (what, country, kind, memorable, slot, n)
     select '${what}', ${row ? `coalesce(${row}.country, ''), coalesce(${row}.kind, ''), coalesce(${row}.memorable, false)` : "'', '', false"}, 0, ${n}
      where ${when}
   on conflict (what, country, kind, memorable, slot) do update set n = n + excluded.n;`;

/**
 * Puts the pool's `n` on offer; REPLACE has removed anything in its way from the pool without
 * running triggers.
 */
const enter = `
  delete from numbers_on_offer where new.status = 'available' and (id = new.id or phone_number = new.phone_number);
  insert into numbers_on_offer (id, phone_number, entered_at, country, kind, memorable)
    select new.id, new.phone_number, ${entered("new")}, f.country, f.kind, f.memorable
      from (select 1) left join facts_given f on f.phone_number = new.phone_number where new.status = 'available';
  delete from facts_given where phone_number = new.phone_number;`;

/** Puts on offer everything in the pool that is not on offer yet. */
export const enterAll = `
  insert into numbers_on_offer (id, phone_number, entered_at)
  select n.id, n.phone_number, ${entered("n")} from twilio_phone_numbers n
   where n.status = 'available' and not exists (select 1 from numbers_on_offer o where o.id = n.id)`;

/** Indexes everything on offer anew. */
export const indexAll = [
  "insert into offer_search (offer_search) values ('delete-all')",
  `insert into offer_search (rowid, ${columns}) select ${searched("n")} from numbers_on_offer n order by 1`,
];

/** What is on offer but differs from the pool. */
export const strays = `numbers_on_offer as o where not exists (
  select 1 from twilio_phone_numbers n where n.id = o.id and n.status = 'available'
   and n.phone_number = o.phone_number and ${entered("n")} = o.entered_at)`;

export const offerTriggers = [
  trigger(
    "phone_number_enters_offer",
    "after insert on twilio_phone_numbers",
    `${enter}
     ${count("assigned", 1, "new.status = 'assigned'")}`,
  ),
  trigger(
    "phone_number_changes_offer",
    `after update on twilio_phone_numbers
       when new.id is not old.id or new.status is not old.status or new.phone_number is not old.phone_number
            or new.created_at is not old.created_at`,
    `insert or replace into facts_given (phone_number, country, kind, memorable)
       select phone_number, country, kind, memorable from numbers_on_offer
        where id = old.id and phone_number = new.phone_number and new.status = 'available';
     delete from numbers_on_offer where id = old.id;
     ${enter}
     ${count("assigned", -1, "old.status = 'assigned' and new.status is not 'assigned'")}
     ${count("assigned", 1, "new.status = 'assigned' and old.status is not 'assigned'")}`,
  ),
  trigger(
    "phone_number_leaves_offer",
    "after delete on twilio_phone_numbers",
    `delete from numbers_on_offer where id = old.id;
     ${count("assigned", -1, "old.status = 'assigned'")}`,
  ),
  trigger(
    "number_on_offer_enters",
    "after insert on numbers_on_offer",
    `${index("new")}
     ${count("available", 1, "true", "new")}`,
  ),
  trigger(
    "number_on_offer_changes",
    "after update on numbers_on_offer",
    `${unindex("old")}
     ${index("new")}
     ${count("available", -1, "true", "old")}
     ${count("available", 1, "true", "new")}`,
  ),
  trigger(
    "number_on_offer_leaves",
    "after delete on numbers_on_offer",
    `${unindex("old")}
     ${count("available", -1, "true", "old")}`,
  ),
  trigger("company_is_counted", "after insert on companies", count("companies", 1)),
  trigger("company_is_counted_no_more", "after delete on companies", count("companies", -1)),
];

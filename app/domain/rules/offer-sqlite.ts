import { numberKinds, type NumberKind } from "#app/domain/number-facts.ts";
import { fourTimes, runMark } from "#app/domain/number-patterns.ts";
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
 * The word of a country, of a kind, of both together, or of what is memorable: three characters, a
 * trigram.
 */
export function facetWord(country: string | undefined, kind: NumberKind | undefined): string {
  const ofKind = kind && numberKinds.indexOf(kind) + 1;
  if (country === undefined) return `kk${ofKind}`;
  return ofKind === undefined ? `c${country}` : `${country}${ofKind}`;
}
export const memorableWord = "mem";

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

// Numbers that may be either are also found as mobiles.
const kinds = (row: string, before: string) => {
  const mobile = numberKinds.indexOf("mobile") + 1;
  return `case ${row}.kind ${numberKinds
    .map((kind, at) =>
      kind === "geographic-or-mobile"
        ? `when '${kind}' then ${before} || '${at + 1}' || ${before} || '${mobile}'`
        : `when '${kind}' then ${before} || '${at + 1}'`,
    )
    .join(" ")} end`;
};

const searched = (row: string) => `${place(`${row}.entered_at`, `${row}.id`)},
  ${row}.phone_number || '$', 'p' || substr(${row}.phone_number, 4, 2), 'q' || substr(${row}.phone_number, 5, 2),
  'c' || ${row}.country, ${kinds(row, "'kk'")}, ${kinds(row, `${row}.country`)},
  case when ${row}.memorable then '${memorableWord}' else '' end
    || ${fourTimes.map((run) => `iif(instr(${row}.phone_number, '${run}'), '${runMark}${run[0]}', '')`).join(" || ")}`;

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

import { numberKinds } from "#app/domain/number-facts.ts";
import { runMarks, runsOf, twoDigitCodes, type NumberFilter } from "#app/domain/number-patterns.ts";
import { trigger } from "#app/domain/rules/postgres.ts";

/**
 * What PostgreSQL keeps of the pool for searches and counts, in the transaction of each change: a
 * row of `numbers_on_offer` for each available number, and `pool_counts`. They are separate tables,
 * since adding a column to the pool's would have to wait for every reader in other programs.
 *
 * A shelf holds some 32,768 numbers that entered one after another. `grams` are a number's
 * trigrams, each prefixed with its shelf, so that a search can go from shelf to shelf
 * (docs/decisions/6-numbers-on-offer.md). Each connection counts in rows of its own, so that none
 * waits for another.
 */

/** Numbers on a shelf, as a power of two. */
export const shelfBits = 15;

/**
 * The codes of whatever a number can be found by; the code of a trigram of digits is the digits
 * themselves. To `+`, `$`, `p` and `q` two digits are added: those that the number begins with,
 * ends with, or has after a calling code of two or of three digits. To `rr` a digit is added that
 * it has four times in a row, to `ss` one that it has six times.
 */
export const codes = {
  "+": 1_000,
  $: 1_100,
  p: 1_200,
  q: 1_300,
  memorable: 1_400,
  kind: 1_500,
  rr: 1_600,
  ss: 1_620,
  country: 2_000,
  countryAndKind: 3_000,
  "'": 10_000,
  /** added to those of kind and country */
  andMemorable: 20_000,
};

/** The code of a country, a kind, whether it is memorable, or some of them together. */
export function facetCode({ country, kind, memorable }: NumberFilter): number | undefined {
  const ofKind = kind ? numberKinds.indexOf(kind) + 1 : 0;
  const [first = 0, second = 0] = [0, 1].map((at) => (country?.charCodeAt(at) ?? 65) - 65);
  const ofCountry = first * 26 + second;
  if (!country && !kind) return memorable ? codes.memorable : undefined;
  const code = !country
    ? codes.kind + ofKind
    : kind
      ? codes.countryAndKind + ofCountry * 8 + ofKind
      : codes.country + ofCountry;
  return memorable ? code + codes.andMemorable : code;
}

const mobile = numberKinds.indexOf("mobile") + 1;

// Other programs' roles write to the pool without needing rights to these tables.
const kept = (name: string, event: string, body: string) =>
  trigger(name, event, body, "security definer");

const entered = "coalesce(kept_time(n.created_at), '1970-01-01 00:00:00')";

/**
 * Puts available numbers on offer at the end of the newest shelf, or, if backdated, where they
 * belong.
 * @param rows a FROM clause in which `n` is rows of the pool and `f` the facts about them
 */
export const enter = (rows: string, where = "true") => `
  with firsts as materialized (
    select distinct on (shelf) shelf, entered_at, id from numbers_on_offer order by shelf, entered_at, id)
  insert into numbers_on_offer (id, phone_number, entered_at, shelf, country, kind, memorable)
  select n.id, n.phone_number, ${entered},
         coalesce(
           case when ${entered} < timezone('UTC', clock_timestamp()) - interval '1 hour' then coalesce(
             (select max(shelf) from firsts where (firsts.entered_at, firsts.id) <= (${entered}, n.id)),
             (select min(shelf) from firsts)) end,
           nextval('numbers_on_offer_place') >> ${shelfBits}),
         f.country, f.kind, f.memorable
    from ${rows} where n.status = 'available' and ${where} order by ${entered}, n.id`;

/** Puts a whole pool on offer, none of which is yet, in the order in which its numbers entered. */
export const enterAll = [
  `insert into numbers_on_offer (id, phone_number, entered_at, shelf)
   select n.id, n.phone_number, ${entered}, row_number() over (order by ${entered}, n.id) >> ${shelfBits}
     from twilio_phone_numbers n where n.status = 'available'`,
  "select setval('numbers_on_offer_place', (select count(*) + 1 from numbers_on_offer))",
];

/**
 * Indexes everything on offer anew. Making the index takes less time than changing each of its
 * entries.
 */
export const indexAll = [
  "drop index numbers_on_offer_grams",
  "update numbers_on_offer set shelf = shelf",
  "create index numbers_on_offer_grams on numbers_on_offer using gin (grams) with (fastupdate = off)",
];

/** What is on offer but differs from the pool. */
export const strays = `numbers_on_offer o where not exists (
  select 1 from twilio_phone_numbers n where n.id = o.id and n.status = 'available'
   and n.phone_number = o.phone_number and ${entered} = o.entered_at)`;

/**
 * SQL that counts, in the connection's own rows.
 * @param rows groups, with how many more there are of each as `n`
 */
const count = (what: string, rows: string) => `
  insert into pool_counts as c (what, country, kind, memorable, slot, n)
  select '${what}', coalesce(country, ''), coalesce(kind, ''), coalesce(memorable, false), pg_backend_pid(), sum(n)
    from (${rows}) changed group by 2, 3, 4 having sum(n) <> 0
  on conflict (what, country, kind, memorable, slot) do update set n = c.n + excluded.n;`;

const facets = (table: string, n: number) =>
  `select country, kind, memorable, ${n} as n from ${table}`;
const assigned = (table: string, n: number) =>
  `select null as country, null as kind, null::boolean as memorable, ${n} as n from ${table} where status = 'assigned'`;
const company = (table: string, n: number) =>
  `select null as country, null as kind, null::boolean as memorable, ${n} as n from ${table}`;

const inserted = (table: string) =>
  `after insert on ${table} referencing new table as added for each statement`;
const updated = (table: string) =>
  `after update on ${table} referencing old table as olds new table as news for each statement`;
const deleted = (table: string) =>
  `after delete on ${table} referencing old table as gone for each statement`;

/** What the transaction has stated about numbers that it adds (pool-facts.server.ts). */
const told = `jsonb_to_recordset(nullif(current_setting('pool.facts', true), '')::jsonb)
  as f (phone_number text, country text, kind text, memorable boolean)`;

const moved = `(n.id is null or o.id is null or n.status is distinct from o.status
  or n.phone_number is distinct from o.phone_number or n.created_at is distinct from o.created_at)`;

const hasRun = (digits: string) =>
  `${digits} like any ('{${runsOf(4)
    .map((run) => `%${run}%`)
    .join()}}'::text[])`;

export const offerTriggers = [
  kept(
    "phone_number_enters_offer",
    inserted("twilio_phone_numbers"),
    `${enter(`added n left join ${told} on f.phone_number = n.phone_number`)};
     ${count("assigned", assigned("added", 1))}
     return null;`,
  ),
  kept(
    "phone_number_changes_offer",
    updated("twilio_phone_numbers"),
    `declare again jsonb;
     begin
     with left_offer as (
       delete from numbers_on_offer f using olds o left join news n on n.id = o.id where f.id = o.id and ${moved}
       returning f.phone_number, f.country, f.kind, f.memorable),
     back as (
       select n.id, f.country, f.kind, f.memorable
         from news n left join olds o on o.id = n.id left join left_offer f on f.phone_number = n.phone_number
        where n.status = 'available' and ${moved})
     select jsonb_agg(back) into again from back;
     if again is not null then
       ${enter("news n join jsonb_to_recordset(again) as f (id bigint, country text, kind text, memorable boolean) on f.id = n.id")};
     end if;
     end;
     ${count("assigned", `${assigned("news", 1)} union all ${assigned("olds", -1)}`)}
     return null;`,
  ),
  kept(
    "phone_number_leaves_offer",
    deleted("twilio_phone_numbers"),
    `delete from numbers_on_offer f using gone where f.id = gone.id;
     ${count("assigned", assigned("gone", -1))}
     return null;`,
  ),
  kept(
    "phone_numbers_leave_offer",
    "after truncate on twilio_phone_numbers for each statement",
    `delete from numbers_on_offer;
     delete from pool_counts where what <> 'companies';
     return null;`,
  ),
  kept(
    "number_on_offer_indexed",
    "before insert or update on numbers_on_offer for each row",
    `if new.phone_number !~ '^[+][0-9]{2,15}$' then
       new.grams := '{}';
       return new;
     end if;
     declare
       shelved integer := (new.shelf & 32767) << 16;
       digits text := substr(new.phone_number, 2);
       number bigint := digits;
       after_code integer := length(digits) - 3 - case
         when digits like '1%' or digits like '7%' then 1
         when substr(digits, 1, 2) = any('{${twoDigitCodes.join()}}'::text[]) then 2 else 3 end;
       of_country integer := (ascii(new.country) - 65) * 26 + ascii(substr(new.country, 2)) - 65;
       of_kind integer := array_position(array['${numberKinds.join("', '")}'], new.kind);
       or_mobile integer := case when new.kind = 'geographic-or-mobile' then ${mobile} end;
       facets integer[] := array_remove(array[
         shelved + ${codes.kind} + of_kind,
         shelved + ${codes.kind} + or_mobile,
         shelved + ${codes.country} + of_country,
         shelved + ${codes.countryAndKind} + of_country * 8 + of_kind,
         shelved + ${codes.countryAndKind} + of_country * 8 + or_mobile], null);
     begin
       new.grams := (array[${Array.from({ length: 13 }, (_, at) => `shelved + number / ${10 ** at} % 1000 + case when ${at} > after_code then ${codes["'"]} else 0 end`).join(", ")}]
         )[1:length(digits) - 2] || array_remove(array[
           shelved + ${codes["+"]} + substr(digits, 1, 2)::integer,
           shelved + ${codes.$} + number % 100,
           shelved + ${codes.p} + case when length(digits) >= 4 then substr(digits, 3, 2)::integer end,
           shelved + ${codes.q} + case when length(digits) >= 5 then substr(digits, 4, 2)::integer end,
           shelved + ${codes.memorable} + case when new.memorable then 0 end], null) || facets;
       if new.memorable then
         new.grams := new.grams || array(select ${codes.andMemorable} + facet from unnest(facets) facet);
       end if;
       if length(digits) < 8 then
         new.grams := new.grams || array(
           select shelved + substr(digits, place, 3)::integer from generate_series(1, length(digits) - 2) place);
       end if;
       if ${hasRun("digits")} then
         new.grams := new.grams || array(
           select shelved + mark + d from generate_series(0, 9) d,
                  (values ${runMarks.map(([mark, length]) => `(${codes[mark]}, ${length})`).join(", ")}) m (mark, length)
            where position(repeat(d::text, length) in digits) > 0);
       end if;
     end;
     return new;`,
  ),
  kept(
    "number_on_offer_enters",
    inserted("numbers_on_offer"),
    `${count("available", facets("added", 1))}
     return null;`,
  ),
  kept(
    "number_on_offer_changes",
    updated("numbers_on_offer"),
    `${count("available", `${facets("news", 1)} union all ${facets("olds", -1)}`)}
     return null;`,
  ),
  kept(
    "number_on_offer_leaves",
    deleted("numbers_on_offer"),
    `${count("available", facets("gone", -1))}
     return null;`,
  ),
  kept(
    "company_is_counted",
    inserted("companies"),
    `${count("companies", company("added", 1))}
     return null;`,
  ),
  kept(
    "company_is_counted_no_more",
    deleted("companies"),
    `${count("companies", company("gone", -1))}
     return null;`,
  ),
  kept(
    "companies_are_counted_no_more",
    "after truncate on companies for each statement",
    `delete from pool_counts where what = 'companies';
     return null;`,
  ),
];

import { auditColumns, says } from "#app/domain/rules/says.ts";

/**
 * The rules of assignment in PostgreSQL's SQL: a trigger for each way to break one, with a function
 * of the same name.
 */

/** SQL that says whether `column` is in E.164. */
export const isE164 = (column: string) => `${column} ~ '^\\+[1-9][0-9]{1,14}$'`;

/**
 * SQL that says whether `column`, a timestamp or a text, is a readable time (domain/times.ts); null
 * if it is null. Every timestamp is, except infinity. The SQL has no question mark: Knex would take
 * one for a binding.
 */
export const isTime = (column: string) =>
  `(case when pg_typeof(${column}) in ('timestamp'::regtype, 'timestamptz'::regtype, 'date'::regtype)
     then ${column}::text not like '%infinity' else ${column}::text ~ '${readable}' end)`;

const month =
  "((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d))";
const zone = "([zZ]|[+-](0\\d|1[0-5])(:{0,1}[0-5]\\d(:[0-5]\\d){0,1}){0,1})";
const clock = `([01]\\d|2[0-4]):[0-5]\\d(:[0-5]\\d([.]\\d+){0,1}){0,1} *${zone}{0,1}`;
const readable = `^(\\d{4}-${month}([T ] *${clock}){0,1} *|([1-9]\\d{8,9}|[1-9]\\d{11,12})([.]\\d+){0,1})$`;

/** The names of all triggers that are switched on and of all valid indexes. */
export const present = `
  select tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where c.relnamespace = current_schema()::regnamespace and t.tgenabled not in ('D', 'R')
  union all
  select relname from pg_index i join pg_class c on c.oid = i.indexrelid
   where c.relnamespace = current_schema()::regnamespace and i.indisvalid`;

/** Everything with a name that a rule could have, and its type. */
export const named = `
  select 'trigger' as kind, tgname as name from pg_trigger
   where tgrelid in (to_regclass('companies'), to_regclass('twilio_phone_numbers'))
  union all
  select 'function', proname from pg_proc where pronamespace = current_schema()::regnamespace
  union all
  select case when relkind in ('i', 'I') then 'index' when relkind in ('v', 'm') then 'view' else 'table' end, relname
    from pg_class where relnamespace = current_schema()::regnamespace`;

/**
 * Locks out writers but not readers, in the order in which an assignment reaches the two tables.
 */
export const keepWritersOut =
  "lock table twilio_phone_numbers, companies in share row exclusive mode";

// Replaced in place: dropping a trigger would have to wait for every reader, and each new reader
// for the drop.
export const trigger = (name: string, event: string, body: string, rights = "") => ({
  name,
  create: [
    `create or replace function ${name}() returns trigger language plpgsql ${rights} set search_path from current as $$
     begin
       ${body}
     end $$`,
    // Whoever is at work may have a temporary table of a table's name, which would be found first
    // if not put last.
    `do $$ begin
       execute format('alter function ${name}() set search_path to %s, pg_temp',
                      coalesce(nullif(current_setting('search_path'), ''), 'pg_catalog'));
     end $$`,
    `create or replace trigger ${name} ${event} execute function ${name}()`,
  ],
  drop: `drop function if exists ${name}() cascade`,
});

const raise = (message: string) =>
  `raise exception '${message}' using errcode = 'check_violation';`;

// The company is locked in the BEFORE trigger: the foreign key's own check, which runs after it,
// takes a weaker lock that two transactions could share, and each would then wait for the other to
// let go.
export const triggers = [
  trigger(
    "phone_number_enters",
    "before insert on twilio_phone_numbers for each row",
    `if new.status is distinct from 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null then
       ${raise(says.entersAvailable)}
     end if;
     if not ${isE164("new.phone_number")} then ${raise(says.e164)} end if;
     if not ${isTime("new.created_at")} then ${raise(says.time)} end if;
     return new;`,
  ),
  trigger(
    "phone_number_changes",
    "before update on twilio_phone_numbers for each row",
    `if new.assigned_at is distinct from old.assigned_at and not ${isTime("new.assigned_at")}
        or new.created_at is distinct from old.created_at and not ${isTime("new.created_at")} then
       ${raise(says.time)}
     end if;
     if old.status = 'assigned' then
       if (new.id, new.phone_number, new.status, new.assigned_to_company_id)
          is distinct from (old.id, old.phone_number, old.status, old.assigned_to_company_id)
          or new.assigned_at is distinct from old.assigned_at
             and (new.assigned_at is null or ${isTime("old.assigned_at")}) then
         ${raise(says.permanent)}
       end if;
       return new;
     end if;
     if not ${isE164("new.phone_number")} then ${raise(says.e164)} end if;
     if new.status is null or (new.status = 'assigned') <> (new.assigned_to_company_id is not null)
        or (new.status = 'assigned') <> (new.assigned_at is not null) then
       ${raise(says.assignedInFull)}
     end if;
     if new.status = 'assigned' then
       perform 1 from companies where id = new.assigned_to_company_id for update;
       if not found then ${raise(says.noSuchCompany)} end if;
       perform 1 from companies where id = new.assigned_to_company_id and twilio_phone_number is null;
       if not found then ${raise(says.companyHasNumber)} end if;
     end if;
     return new;`,
  ),
  trigger(
    "phone_number_carries_company",
    `after update on twilio_phone_numbers
       for each row when (new.status = 'assigned' and old.status is distinct from 'assigned')`,
    // Either column may be text; a variable can be assigned from both types.
    `declare
       changed companies.updated_at%type := new.assigned_at;
     begin
       update companies set twilio_phone_number = new.phone_number, updated_at = changed
        where id = new.assigned_to_company_id;
     end;
     return null;`,
  ),
  trigger(
    "phone_number_leaves",
    "before delete on twilio_phone_numbers for each row",
    `if old.status = 'assigned' then ${raise(says.permanent)} end if;
     return old;`,
  ),
  trigger(
    "phone_numbers_truncated",
    "before truncate on twilio_phone_numbers for each statement",
    `if exists (select 1 from twilio_phone_numbers where status = 'assigned') then ${raise(says.notTruncated)} end if;
     return null;`,
  ),
  trigger(
    "company_enters",
    "before insert on companies for each row",
    `if new.twilio_phone_number is not null then ${raise(says.throughThePool)} end if;
     return new;`,
  ),
  trigger(
    "company_number_changes",
    `before update on companies
       for each row when (old.id <> new.id or old.twilio_phone_number is distinct from new.twilio_phone_number)`,
    `if old.twilio_phone_number is not null then ${raise(says.companyPermanent)} end if;
     if new.twilio_phone_number is not null and not exists (
       select 1 from twilio_phone_numbers
        where phone_number = new.twilio_phone_number and status = 'assigned' and assigned_to_company_id = new.id) then
       ${raise(says.throughThePool)}
     end if;
     return new;`,
  ),
  trigger(
    "company_leaves",
    "before delete on companies for each row",
    `if old.twilio_phone_number is not null then ${raise(says.companyPermanent)} end if;
     return old;`,
  ),
  trigger(
    "companies_truncated",
    "before truncate on companies for each statement",
    `if exists (select 1 from companies where twilio_phone_number is not null) then ${raise(says.companyPermanent)} end if;
     return null;`,
  ),
  ...[
    trigger("audit_changes", "before update on audit_events for each row", raise(says.auditKept)),
    trigger(
      "audit_leaves",
      "before delete on audit_events for each row",
      `if not exists (select 1 from audit_kept
         where old.at < since and since <= (now() at time zone 'utc') - interval '30 days') then
         ${raise(says.auditKept)}
       end if;
       return old;`,
    ),
    trigger(
      "audit_truncated",
      "before truncate on audit_events for each statement",
      raise(says.auditKept),
    ),
  ].map((rule) => ({ ...rule, needs: auditColumns })),
];

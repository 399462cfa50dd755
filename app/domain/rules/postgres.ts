import { says } from "#app/domain/rules/says.ts";

/** The rules of assignment in PostgreSQL's words: a trigger for each way to break one, with a function of its name. */

/** SQL that says whether `column` is in E.164. */
export const isE164 = (column: string) => `${column} ~ '^\\+[1-9][0-9]{1,14}$'`;

/** The names of all triggers that are switched on and of all valid indexes. */
export const present = `
  select tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where c.relnamespace = current_schema()::regnamespace and t.tgenabled not in ('D', 'R')
  union all
  select relname from pg_index i join pg_class c on c.oid = i.indexrelid
   where c.relnamespace = current_schema()::regnamespace and i.indisvalid`;

/** What has a name that a rule could have, and what it is. */
export const named = `
  select 'trigger' as kind, tgname as name from pg_trigger
   where tgrelid in (to_regclass('companies'), to_regclass('twilio_phone_numbers'))
  union all
  select 'function', proname from pg_proc where pronamespace = current_schema()::regnamespace
  union all
  select case when relkind in ('i', 'I') then 'index' when relkind in ('v', 'm') then 'view' else 'table' end, relname
    from pg_class where relnamespace = current_schema()::regnamespace`;

/** Locks writers out, and no reader; the order is that in which an assignment comes to the two tables. */
export const keepWritersOut =
  "lock table twilio_phone_numbers, companies in share row exclusive mode";

// Replaced in place: to drop a trigger would have to wait for every reader, and each new reader for it.
const trigger = (name: string, event: string, body: string) => ({
  name,
  create: [
    `create or replace function ${name}() returns trigger language plpgsql set search_path from current as $$
     begin
       ${body}
     end $$`,
    `create or replace trigger ${name} ${event} execute function ${name}()`,
  ],
  drop: `drop function if exists ${name}() cascade`,
});

const raise = (message: string) =>
  `raise exception '${message}' using errcode = 'check_violation';`;

// The company is locked in the BEFORE trigger: the foreign key's own check, which runs after it, takes a weaker lock
// that two transactions could share, and each would then wait for the other to let go.
export const triggers = [
  trigger(
    "phone_number_enters",
    "before insert on twilio_phone_numbers for each row",
    `if new.status is distinct from 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null then
       ${raise(says.entersAvailable)}
     end if;
     if not ${isE164("new.phone_number")} then ${raise(says.e164)} end if;
     return new;`,
  ),
  trigger(
    "phone_number_changes",
    "before update on twilio_phone_numbers for each row",
    `if old.status = 'assigned' then
       if (new.id, new.phone_number, new.status, new.assigned_to_company_id, new.assigned_at)
          is distinct from (old.id, old.phone_number, old.status, old.assigned_to_company_id, old.assigned_at) then
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
       for each row when (new.status = 'assigned' and old.status <> 'assigned')`,
    `update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
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
];

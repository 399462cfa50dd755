import type { Knex } from "knex";
import { isPostgres } from "../app/db.server.ts";
import {
  findDamage,
  keepWritersOut,
  PoolDamagedError,
} from "../app/doctor/damage/diagnosis.server.ts";

/**
 * The pool and the companies, and the rules that hold for whoever writes to them:
 *
 * 1. A number belongs to at most one company, and a company has at most one number.
 * 2. An assigned number is never un-assigned, moved, renamed or deleted; a company's number never changes once set.
 * 3. `status = 'assigned'` ⇔ owner and time are set ⇔ the owner's `twilio_phone_number` is this number.
 *
 * One UPDATE of the number assigns it: triggers carry the company along, so there is no statement between which
 * another client, or a crash, could come. Triggers do all of it: foreign keys are off by default on SQLite, a CHECK
 * cannot be added there to a table in place, and on PostgreSQL adding one would have to wait for every reader.
 *
 * Tables that are there already are adopted: where a row breaks a rule, nothing is changed and each one is named.
 * Meanwhile they can be read, and whoever writes to them waits.
 */
export async function up(db: Knex): Promise<void> {
  await createMissingTables(db);
  await keepWritersOut(db);
  const damage = await findDamage(db);
  if (damage.length > 0) throw new PoolDamagedError(damage);
  await addIndexes(db);
  for (const statement of isPostgres(db) ? postgresRules : sqliteRules) {
    await db.raw(statement);
  }
}

/** Takes away what is left of the rules, and leaves the tables, whose rows are nobody's to drop. */
export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    for (const name of postgresFunctions) {
      await db.raw(`drop function if exists ${name}() cascade`);
    }
  } else {
    for (const name of sqliteTriggers) await db.raw(`drop trigger if exists ${name}`);
  }
  await db.raw("drop index if exists twilio_phone_numbers_one_per_company");
  await db.raw("drop index if exists twilio_phone_numbers_available");
  await db.raw("drop index if exists companies_email_any_case");
  await db.raw("drop index if exists companies_one_number_each");
}

async function createMissingTables(db: Knex): Promise<void> {
  const now = isPostgres(db) ? db.raw("(now() at time zone 'utc')") : db.raw("current_timestamp");
  if (!(await db.schema.hasTable("companies"))) {
    await db.schema.createTable("companies", (table) => {
      table.bigIncrements("id");
      table.text("company_name").notNullable();
      table.text("owner_name").notNullable();
      table.text("email").notNullable().unique();
      table.text("password_hash").notNullable();
      table.text("phone");
      table.text("twilio_phone_number");
      table.timestamp("created_at", { useTz: false }).defaultTo(now);
      table.timestamp("updated_at", { useTz: false }).defaultTo(now);
    });
  } else if (!(await db.schema.hasColumn("companies", "twilio_phone_number"))) {
    await db.schema.alterTable("companies", (table) => {
      table.text("twilio_phone_number");
    });
  }
  if (!(await db.schema.hasTable("twilio_phone_numbers"))) {
    await db.schema.createTable("twilio_phone_numbers", (table) => {
      table.bigIncrements("id");
      table.text("phone_number").notNullable().unique();
      table.bigInteger("assigned_to_company_id").references("companies.id");
      table.timestamp("assigned_at", { useTz: false });
      table.text("status").defaultTo("available");
      table.check("status in ('available', 'assigned')");
      table.check(
        `status is not null and (status = 'assigned') = (assigned_to_company_id is not null)
           and (status = 'assigned') = (assigned_at is not null)`,
      );
      table.timestamp("created_at", { useTz: false }).defaultTo(now);
    });
  }
}

async function addIndexes(db: Knex): Promise<void> {
  if (!(await hasUniqueIndex(db, "companies", "twilio_phone_number"))) {
    await db.raw(
      "create unique index companies_one_number_each on companies (twilio_phone_number)",
    );
  }
  await db.raw("create unique index companies_email_any_case on companies (lower(email))");
  await db.raw(
    `create unique index twilio_phone_numbers_one_per_company
       on twilio_phone_numbers (assigned_to_company_id) where assigned_to_company_id is not null`,
  );
  // What a page of the pool reads: available numbers, oldest first. Old rows may have no created_at.
  await db.raw(
    `create index twilio_phone_numbers_available
       on twilio_phone_numbers (coalesce(created_at, '1970-01-01 00:00:00'), id) where status = 'available'`,
  );
}

async function hasUniqueIndex(db: Knex, table: string, column: string): Promise<boolean> {
  if (isPostgres(db)) {
    const { rows } = await db.raw<{ rows: unknown[] }>(
      `select 1 from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = to_regclass(?) and i.indisunique and i.indisvalid and i.indnkeyatts = 1
          and i.indpred is null and a.attname = ?`,
      [table, column],
    );
    return rows.length > 0;
  }
  const rows = await db.raw<unknown[]>(
    `select 1 from pragma_index_list(?) l, pragma_index_info(l.name) i
      where l."unique" = 1 and l.partial = 0 and i.name = ?
        and (select count(*) from pragma_index_info(l.name)) = 1`,
    [table, column],
  );
  return rows.length > 0;
}

const says = {
  entersAvailable: "a phone number enters the pool available",
  e164: "a phone number is kept in E.164: + and up to 15 digits",
  permanent: "an assigned phone number never changes",
  assignedInFull: "an assigned phone number has a company and a time, an available one neither",
  noSuchCompany: "the company does not exist",
  companyHasNumber: "the company already has a phone number",
  throughThePool: "a company gets its phone number from the pool",
  companyPermanent: "a company keeps its phone number for ever",
  notTruncated: "assigned phone numbers are never deleted",
};

const raise = (message: string) =>
  `raise exception '${message}' using errcode = 'check_violation';`;

const postgresFunction = (name: string, body: string) =>
  `create function ${name}() returns trigger language plpgsql set search_path from current as $$
   begin
     ${body}
   end $$`;

const postgresFunctions = [
  "phone_number_enters",
  "phone_number_changes",
  "phone_number_carries_company",
  "phone_number_leaves",
  "company_enters",
  "company_number_changes",
  "company_leaves",
];

// The company is locked in the BEFORE trigger: the foreign key's own check, which runs after it, takes a weaker lock
// that two transactions could share, and each would then wait for the other to let go.
const postgresRules = [
  postgresFunction(
    "phone_number_enters",
    `if new.status is distinct from 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null then
       ${raise(says.entersAvailable)}
     end if;
     if new.phone_number !~ '^\\+[1-9][0-9]{1,14}$' then ${raise(says.e164)} end if;
     return new;`,
  ),
  `create trigger phone_number_enters before insert on twilio_phone_numbers
     for each row execute function phone_number_enters()`,
  postgresFunction(
    "phone_number_changes",
    `if old.status = 'assigned' then
       if (new.id, new.phone_number, new.status, new.assigned_to_company_id, new.assigned_at)
          is distinct from (old.id, old.phone_number, old.status, old.assigned_to_company_id, old.assigned_at) then
         ${raise(says.permanent)}
       end if;
       return new;
     end if;
     if new.phone_number !~ '^\\+[1-9][0-9]{1,14}$' then ${raise(says.e164)} end if;
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
  `create trigger phone_number_changes before update on twilio_phone_numbers
     for each row execute function phone_number_changes()`,
  postgresFunction(
    "phone_number_carries_company",
    `update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
     return null;`,
  ),
  `create trigger phone_number_carries_company after update on twilio_phone_numbers
     for each row when (new.status = 'assigned' and old.status <> 'assigned')
     execute function phone_number_carries_company()`,
  postgresFunction(
    "phone_number_leaves",
    `if tg_op = 'TRUNCATE' then
       if exists (select 1 from twilio_phone_numbers where status = 'assigned') then ${raise(says.notTruncated)} end if;
       return null;
     end if;
     if old.status = 'assigned' then ${raise(says.permanent)} end if;
     return old;`,
  ),
  `create trigger phone_number_leaves before delete on twilio_phone_numbers
     for each row execute function phone_number_leaves()`,
  `create trigger phone_numbers_truncated before truncate on twilio_phone_numbers
     for each statement execute function phone_number_leaves()`,
  postgresFunction(
    "company_enters",
    `if new.twilio_phone_number is not null then ${raise(says.throughThePool)} end if;
     return new;`,
  ),
  `create trigger company_enters before insert on companies
     for each row execute function company_enters()`,
  postgresFunction(
    "company_number_changes",
    `if old.twilio_phone_number is not null then ${raise(says.companyPermanent)} end if;
     if new.twilio_phone_number is not null and not exists (
       select 1 from twilio_phone_numbers
        where phone_number = new.twilio_phone_number and status = 'assigned' and assigned_to_company_id = new.id) then
       ${raise(says.throughThePool)}
     end if;
     return new;`,
  ),
  `create trigger company_number_changes before update on companies
     for each row when (old.id <> new.id or old.twilio_phone_number is distinct from new.twilio_phone_number)
     execute function company_number_changes()`,
  postgresFunction(
    "company_leaves",
    `if tg_op = 'TRUNCATE' then
       if exists (select 1 from companies where twilio_phone_number is not null) then ${raise(says.companyPermanent)} end if;
       return null;
     end if;
     if old.twilio_phone_number is not null then ${raise(says.companyPermanent)} end if;
     return old;`,
  ),
  `create trigger company_leaves before delete on companies
     for each row execute function company_leaves()`,
  `create trigger companies_truncated before truncate on companies
     for each statement execute function company_leaves()`,
];

const abort = (message: string) => `raise(abort, '${message}')`;

// A BLOB is never equal to a text, and GLOB looks no further than a NUL: either could be a number's twin.
const notE164 = `new.phone_number not glob '+[1-9]*' or substr(new.phone_number, 2) glob '*[^0-9]*'
  or length(new.phone_number) not between 3 and 16
  or typeof(new.phone_number) <> 'text' or instr(new.phone_number, char(0)) > 0`;

const sqliteTriggers = [
  "phone_number_enters",
  "phone_number_changes",
  "phone_number_carries_company",
  "phone_number_leaves",
  "company_enters",
  "company_changes",
  "company_leaves",
];

// REPLACE deletes the rows in its way without asking delete triggers (unless recursive_triggers is on), so each
// BEFORE trigger refuses a row whose key is that of another one that must stay, in the words of the constraint.
const sqliteRules = [
  `create trigger phone_number_enters before insert on twilio_phone_numbers begin
     select case
       when new.status is not 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null
         then ${abort(says.entersAvailable)}
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and status = 'assigned')
         then ${abort("UNIQUE constraint failed: twilio_phone_numbers.phone_number")}
       when ${notE164} then ${abort(says.e164)}
     end;
   end`,
  `create trigger phone_number_changes before update on twilio_phone_numbers begin
     select case
       when old.status = 'assigned' and (
            new.id is not old.id or new.phone_number is not old.phone_number or new.status is not old.status
            or new.assigned_to_company_id is not old.assigned_to_company_id or new.assigned_at is not old.assigned_at)
         then ${abort(says.permanent)}
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and id <> old.id and status = 'assigned')
         then ${abort("UNIQUE constraint failed: twilio_phone_numbers.phone_number")}
       when ${notE164} then ${abort(says.e164)}
       when new.status is null or (new.status = 'assigned') <> (new.assigned_to_company_id is not null)
            or (new.status = 'assigned') <> (new.assigned_at is not null)
         then ${abort(says.assignedInFull)}
     end;
     select case
       when not exists (select 1 from companies where id = new.assigned_to_company_id)
         then ${abort(says.noSuchCompany)}
       when exists (select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number is not null)
         then ${abort(says.companyHasNumber)}
     end where new.status = 'assigned' and old.status is not 'assigned';
   end`,
  `create trigger phone_number_carries_company after update on twilio_phone_numbers
     when new.status = 'assigned' and old.status is not 'assigned' begin
     update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
     select ${abort(says.throughThePool)} where not exists (
       select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number = new.phone_number);
   end`,
  `create trigger phone_number_leaves before delete on twilio_phone_numbers when old.status = 'assigned' begin
     select ${abort(says.permanent)};
   end`,
  `create trigger company_enters before insert on companies begin
     select case
       when new.twilio_phone_number is not null then ${abort(says.throughThePool)}
       when exists (select 1 from companies where twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)))
         then ${abort("UNIQUE constraint failed: companies.email")}
     end;
   end`,
  // Not UPDATE OF id, which does not see an id that is changed by its other name, rowid.
  `create trigger company_changes before update on companies
     when new.id is not old.id or new.email is not old.email
          or new.twilio_phone_number is not old.twilio_phone_number begin
     select case
       when old.twilio_phone_number is not null
            and (new.id is not old.id or new.twilio_phone_number is not old.twilio_phone_number)
         then ${abort(says.companyPermanent)}
       when exists (select 1 from companies where id <> old.id and twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)
                          or twilio_phone_number = new.twilio_phone_number))
         then ${abort("UNIQUE constraint failed: companies.email")}
       when new.twilio_phone_number is not null and not exists (
              select 1 from twilio_phone_numbers where phone_number = new.twilio_phone_number
               and status = 'assigned' and assigned_to_company_id = new.id)
         then ${abort(says.throughThePool)}
     end;
   end`,
  `create trigger company_leaves before delete on companies when old.twilio_phone_number is not null begin
     select ${abort(says.companyPermanent)};
   end`,
];

import { auditColumns, says, uniqueConstraintFailed } from "#app/domain/rules/says.ts";

/** The rules of assignment in SQLite's SQL: a trigger for each way to break one. */

/** SQL that says whether `column` is in E.164. */
export const isE164 = (column: string) =>
  // A BLOB never equals a text, and GLOB stops at a NUL: either could duplicate a number.
  `(${column} glob '+[1-9]*' and substr(${column}, 2) not glob '*[^0-9]*'
    and length(${column}) between 3 and 16
    and typeof(${column}) = 'text' and instr(${column}, char(0)) = 0)`;

/**
 * SQL that turns a time in any notation (domain/times.ts) into the stored form; null if it is not a
 * time. SQLite's own functions take a 30th of February for the 1st of March, accept "now", which is
 * not allowed in an index, and need a zone's minutes and colon.
 */
export const keptTime = (column: string) =>
  `case
     when typeof(${column}) = 'text' and ${column} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' then case
       when date(substr(${column}, 1, 10)) is not substr(${column}, 1, 10)
            or length(${column}) > 10 and substr(${column}, 11, 1) not in (' ', 'T') then null
       when ${column} glob '*:*[+-][0-9][0-9]' then datetime(${column} || ':00')
       when ${column} glob '*:*[+-][0-9][0-9][0-9][0-9]'
         then datetime(substr(${column}, 1, length(${column}) - 2) || ':' || substr(${column}, -2))
       else datetime(${column}) end
     when typeof(${column}) in ('integer', 'real')
          or typeof(${column}) = 'text' and ${column} not glob '*[^0-9.]*' then case
       when cast(${column} as real) between 1e8 and 9999999999
         then datetime(cast(${column} as integer), 'unixepoch')
       when cast(${column} as real) between 1e11 and 9999999999999
         then datetime(cast(${column} as integer) / 1000, 'unixepoch') end
   end`;

/** SQL that says whether `column` is a readable time; null if it is null. */
export const isTime = (column: string) =>
  `(case when ${column} is not null then (${keptTime(column)}) is not null end)`;

/** The names of all triggers and indexes. */
export const present = "select name from sqlite_master where type in ('trigger', 'index')";

/** Everything with a name that a rule could have, and its type. */
export const named = "select type as kind, name from sqlite_master";

/** Takes the single write lock, which a transaction that has already read might no longer get. */
export const keepWritersOut = "update companies set id = id where false";

/** A trigger in the form in which `install` takes it. */
export const trigger = (name: string, event: string, body: string) => ({
  name,
  create: [
    `drop trigger if exists ${name}`,
    `create trigger ${name} ${event} begin
       ${body}
     end`,
  ],
  drop: `drop trigger if exists ${name}`,
});

const abort = (message: string) => `raise(abort, '${message}')`;

// REPLACE deletes the rows in its way without running delete triggers (unless recursive_triggers is
// on), so each BEFORE trigger refuses a row with the key of another that must stay, in the words of
// the constraint.
const numberTaken = abort(`${uniqueConstraintFailed}: twilio_phone_numbers.phone_number`);
const emailTaken = abort(`${uniqueConstraintFailed}: companies.email`);

export const triggers = [
  trigger(
    "phone_number_enters",
    "before insert on twilio_phone_numbers",
    `select case
       when new.status is not 'available' or new.assigned_to_company_id is not null or new.assigned_at is not null
         then ${abort(says.entersAvailable)}
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and status = 'assigned')
         then ${numberTaken}
       when not ${isE164("new.phone_number")} then ${abort(says.e164)}
       when not ${isTime("new.created_at")} then ${abort(says.time)}
     end;`,
  ),
  trigger(
    "phone_number_changes",
    "before update on twilio_phone_numbers",
    `select case
       when old.status = 'assigned' and (
            new.id is not old.id or new.phone_number is not old.phone_number or new.status is not old.status
            or new.assigned_to_company_id is not old.assigned_to_company_id
            or new.assigned_at is not old.assigned_at and ${isTime("old.assigned_at")})
         then ${abort(says.permanent)}
       when exists (select 1 from twilio_phone_numbers
                     where (phone_number = new.phone_number or id = new.id) and id <> old.id and status = 'assigned')
         then ${numberTaken}
       when not ${isE164("new.phone_number")} then ${abort(says.e164)}
       when new.status is null or (new.status = 'assigned') <> (new.assigned_to_company_id is not null)
            or (new.status = 'assigned') <> (new.assigned_at is not null)
         then ${abort(says.assignedInFull)}
       when new.assigned_at is not old.assigned_at and not ${isTime("new.assigned_at")}
            or new.created_at is not old.created_at and not ${isTime("new.created_at")}
         then ${abort(says.time)}
     end;
     select case
       when not exists (select 1 from companies where id = new.assigned_to_company_id)
         then ${abort(says.noSuchCompany)}
       when exists (select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number is not null)
         then ${abort(says.companyHasNumber)}
     end where new.status = 'assigned' and old.status is not 'assigned';`,
  ),
  trigger(
    "phone_number_carries_company",
    "after update on twilio_phone_numbers when new.status = 'assigned' and old.status is not 'assigned'",
    `update companies set twilio_phone_number = new.phone_number, updated_at = new.assigned_at
      where id = new.assigned_to_company_id;
     select ${abort(says.throughThePool)} where not exists (
       select 1 from companies where id = new.assigned_to_company_id and twilio_phone_number = new.phone_number);`,
  ),
  trigger(
    "phone_number_leaves",
    "before delete on twilio_phone_numbers when old.status = 'assigned'",
    `select ${abort(says.permanent)};`,
  ),
  trigger(
    "company_enters",
    "before insert on companies",
    `select case
       when new.twilio_phone_number is not null then ${abort(says.throughThePool)}
       when exists (select 1 from companies where twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)))
         then ${emailTaken}
     end;`,
  ),
  trigger(
    "company_changes",
    // Not UPDATE OF id, which would miss an id changed under its other name, rowid.
    `before update on companies
       when new.id is not old.id or new.email is not old.email
            or new.twilio_phone_number is not old.twilio_phone_number`,
    `select case
       when old.twilio_phone_number is not null
            and (new.id is not old.id or new.twilio_phone_number is not old.twilio_phone_number)
         then ${abort(says.companyPermanent)}
       when exists (select 1 from companies where id <> old.id and twilio_phone_number is not null
                     and (id = new.id or lower(email) = lower(new.email)
                          or twilio_phone_number = new.twilio_phone_number))
         then ${emailTaken}
       when new.twilio_phone_number is not null and not exists (
              select 1 from twilio_phone_numbers where phone_number = new.twilio_phone_number
               and status = 'assigned' and assigned_to_company_id = new.id)
         then ${abort(says.throughThePool)}
     end;`,
  ),
  trigger(
    "company_leaves",
    "before delete on companies when old.twilio_phone_number is not null",
    `select ${abort(says.companyPermanent)};`,
  ),
  ...(
    [
      ["audit_enters", "insert", "exists (select 1 from audit_events where id = new.id)"],
      ["audit_changes", "update", "true"],
      [
        "audit_leaves",
        "delete",
        "not exists (select 1 from audit_kept where old.at < since and since <= datetime('now', '-30 days'))",
      ],
    ] as const
  ).map(([name, event, refused]) => ({
    ...trigger(
      name,
      `before ${event} on audit_events when ${refused}`,
      `select ${abort(says.auditKept)};`,
    ),
    needs: auditColumns,
  })),
];

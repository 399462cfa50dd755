import type { Knex } from "knex";

/**
 * The index that a page of the pool reads: available numbers, oldest first, however their times are
 * written. The earlier index, for times in the stored form, stays: dropping it would have to wait
 * for every reader.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) for (const statement of keptTimes) await db.raw(statement);
  const enteredAt = isPostgres(db) ? "kept_time(created_at)" : createdAtInSqlite;
  await db.raw(
    `create index twilio_phone_numbers_on_offer
       on twilio_phone_numbers (coalesce(${enteredAt}, '1970-01-01 00:00:00'), id) where status = 'available'`,
  );
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

// As app/domain/rules/sqlite.ts reads a time: only a query with the same expression uses the index.
const createdAtInSqlite = `case
     when typeof(created_at) = 'text' and created_at glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' then case
       when date(substr(created_at, 1, 10)) is not substr(created_at, 1, 10)
            or length(created_at) > 10 and substr(created_at, 11, 1) not in (' ', 'T') then null
       when created_at glob '*:*[+-][0-9][0-9]' then datetime(created_at || ':00')
       when created_at glob '*:*[+-][0-9][0-9][0-9][0-9]'
         then datetime(substr(created_at, 1, length(created_at) - 2) || ':' || substr(created_at, -2))
       else datetime(created_at) end
     when typeof(created_at) in ('integer', 'real')
          or typeof(created_at) = 'text' and created_at not glob '*[^0-9.]*' then case
       when cast(created_at as real) between 1e8 and 9999999999
         then datetime(cast(created_at as integer), 'unixepoch')
       when cast(created_at as real) between 1e11 and 9999999999999
         then datetime(cast(created_at as integer) / 1000, 'unixepoch') end
   end`;

const day =
  "((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d))";
const zone = "([zZ]|[+-](0\\d|1[0-5])(:{0,1}[0-5]\\d(:[0-5]\\d){0,1}){0,1})";
const clock = `([01]\\d|2[0-4]):[0-5]\\d(:[0-5]\\d([.]\\d+){0,1}){0,1} *${zone}{0,1}`;
const isTime = `value ~ '^(\\d{4}-${day}([T ] *${clock}){0,1} *|([1-9]\\d{8,9}|[1-9]\\d{11,12})([.]\\d+){0,1})$'`;

// An adopted column may be of any of these types; what cannot be read is null.
const keptTimes = [
  `create function kept_time(value timestamp) returns timestamp language sql immutable parallel safe
     as 'select case when isfinite($1) then $1 end'`,
  `create function kept_time(value timestamptz) returns timestamp language sql immutable parallel safe
     as 'select case when isfinite($1) then timezone(''UTC'', $1) end'`,
  `create function kept_time(value text) returns timestamp language plpgsql immutable parallel safe
     set timezone to 'UTC' set datestyle to 'ISO, YMD' as $$
   begin
     if value ~ '^[0-9.]+$' and ${isTime} then
       return timestamp 'epoch' + interval '1 second'
         * floor(case when value::numeric < 1e11 then value::numeric else value::numeric / 1000 end)::float8;
     elsif ${isTime} then
       return timezone('UTC', value::timestamptz);
     end if;
     return null;
   exception when datetime_field_overflow or invalid_datetime_format then
     return null;
   end $$`,
];

export async function down(db: Knex): Promise<void> {
  await db.raw("drop index twilio_phone_numbers_on_offer");
  if (!isPostgres(db)) return;
  for (const type of ["timestamp", "timestamptz", "text"]) {
    await db.raw(`drop function kept_time(${type})`);
  }
}

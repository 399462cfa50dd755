import type { Knex } from "knex";
import { isPostgres } from "../app/db.server.ts";
import { enteredPoolAt } from "../app/domain/available-numbers.server.ts";
import { isTime } from "../app/domain/rules/postgres.ts";

/**
 * What a page of the pool reads: available numbers, oldest first, however the time of each is written. The index that
 * there was before for times as they are kept stays where it is: to drop it would have to wait for every reader.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) for (const statement of keptTimes) await db.raw(statement);
  await db.raw(
    `create index twilio_phone_numbers_on_offer
       on twilio_phone_numbers (${enteredPoolAt(db).replaceAll("twilio_phone_numbers.", "")}, id) where status = 'available'`,
  );
}

// A column that was adopted may be of any of these types; what cannot be read is null.
const keptTimes = [
  `create function kept_time(value timestamp) returns timestamp language sql immutable parallel safe
     as 'select case when isfinite($1) then $1 end'`,
  `create function kept_time(value timestamptz) returns timestamp language sql immutable parallel safe
     as 'select case when isfinite($1) then timezone(''UTC'', $1) end'`,
  `create function kept_time(value text) returns timestamp language plpgsql immutable parallel safe
     set timezone to 'UTC' set datestyle to 'ISO, YMD' as $$
   begin
     if value ~ '^[0-9.]+$' and ${isTime("value")} then
       return timestamp 'epoch' + interval '1 second'
         * floor(case when value::numeric < 1e11 then value::numeric else value::numeric / 1000 end)::float8;
     elsif ${isTime("value")} then
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

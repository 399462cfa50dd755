import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { TableInTheWayError } from "#app/doctor/damage/table-in-the-way.ts";

/**
 * The two tables, as this program makes them and as it finds them: older programs had only one, or
 * lacked a column.
 */

/** How much exists of the two tables: everything that the rules need, some of it, or nothing. */
export async function whatIsThere(db: Knex): Promise<"all" | "some" | "nothing"> {
  const hasPool = await db.schema.hasTable("twilio_phone_numbers");
  const hasCompanies = await db.schema.hasTable("companies");
  if (!hasPool && !hasCompanies) return "nothing";
  const isComplete =
    hasPool && hasCompanies && (await db.schema.hasColumn("companies", "twilio_phone_number"));
  return isComplete ? "all" : "some";
}

/** Makes what is missing of the two tables; what exists stays as it is. */
export async function createMissingTables(db: Knex): Promise<void> {
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

/**
 * The tables are in one place, and new ones would be made in another; both sentences are for an
 * operator.
 */
export interface OtherSchema {
  finding: string;
  mend: string;
}

/**
 * Whether the search path leads to a schema with tables of the two names that is not the one where
 * new tables are made: a role's own schema stands before `public`, say, and the old program's
 * tables are in `public`.
 */
export async function findOtherSchema(db: Knex): Promise<OtherSchema | undefined> {
  if (!isPostgres(db)) return undefined;
  const { rows } = await db.raw<{
    rows: { table: string; schema: string; here: string; role: string; database: string }[];
  }>(
    `select c.relname as table, quote_ident(n.nspname) as schema, quote_ident(current_schema()) as here,
            quote_ident(current_user) as role, quote_ident(current_database()) as database
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relname in ('companies', 'twilio_phone_numbers') and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname = any (current_schemas(false)) and n.nspname <> current_schema()
      order by 1, 2`,
  );
  const [other] = rows;
  if (!other) return undefined;
  const { table, schema, here, role, database } = other;
  const path = (name: string) =>
    `alter role ${role} in database ${database} set search_path = ${name};`;
  return {
    finding: `The table “${table}” of the old program is in the schema ${schema}, but this program's would be in ${here}, which comes first in the search path.`,
    mend: `to use the old tables: ${path(schema)} for new ones beside them: ${path(here)}`,
  };
}

/** @throws {TableInTheWayError} if {@link findOtherSchema} finds one */
export async function refuseOtherSchema(db: Knex): Promise<void> {
  const other = await findOtherSchema(db);
  if (!other) return;
  throw new TableInTheWayError(
    `${other.finding} Nothing was changed. Decide which it is to be, and migrate again: ${other.mend}`,
  );
}

/**
 * Refuses PostgreSQL columns to which a time in the stored form could not be written, such as a
 * BIGINT for Unix seconds.
 * @throws {TableInTheWayError} which names them
 */
export async function refuseColumnsWithoutTimes(db: Knex): Promise<void> {
  if (!isPostgres(db)) return;
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `select format('%s.%s (%s)', table_name, column_name, data_type) as name
       from information_schema.columns
      where table_schema = current_schema()
        and (table_name = 'companies' and column_name in ('created_at', 'updated_at')
             or table_name = 'twilio_phone_numbers' and column_name in ('created_at', 'assigned_at'))
        and data_type not in ('timestamp without time zone', 'timestamp with time zone', 'text', 'character varying')
      order by 1`,
  );
  if (rows.length === 0) return;
  throw new TableInTheWayError(
    `A time cannot be written to ${rows.map(({ name }) => name).join(", ")}. Nothing was changed. Give the column the type timestamp (Unix seconds: “alter table … alter … type timestamp using timezone('UTC', to_timestamp(…));”) and migrate again.`,
  );
}

import type { Knex } from "knex";
import { findDamage, PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { install, keepWritersOut, namesTaken, remove } from "../app/domain/rules/rules.server.ts";

/**
 * The pool and the companies, and the rules that hold for whoever writes to them.
 *
 * Tables that are there already are adopted: where a row breaks a rule, nothing is changed and each one is named.
 * Meanwhile they can be read, and whoever writes to them waits.
 */
export async function up(db: Knex): Promise<void> {
  await refuseNamesTaken(db);
  await createMissingTables(db);
  await keepWritersOut(db);
  const damage = await findDamage(db);
  if (damage.length > 0) throw new PoolDamagedError(damage);
  await install(db);
  // What a page of the pool reads: available numbers, oldest first. Old rows may have no created_at.
  await db.raw(
    `create index twilio_phone_numbers_available
       on twilio_phone_numbers (coalesce(created_at, '1970-01-01 00:00:00'), id) where status = 'available'`,
  );
}

// Making a rule replaces what has its name.
async function refuseNamesTaken(db: Knex): Promise<void> {
  const taken = await namesTaken(db);
  if (taken.length === 0) return;
  throw new TableInTheWayError(
    `There is already a ${taken.join(", a ")} in the database that is not this program's. Nothing was changed. Rename or drop what has such a name, then migrate again.`,
  );
}

/** Takes away the rules, and leaves the tables, whose rows are nobody's to drop. */
export async function down(db: Knex): Promise<void> {
  await remove(db);
  await db.raw("drop index if exists twilio_phone_numbers_available");
}

async function createMissingTables(db: Knex): Promise<void> {
  const { client } = (db.client as Knex.Client).config;
  const now = client === "pg" ? db.raw("(now() at time zone 'utc')") : db.raw("current_timestamp");
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

import type { Knex } from "knex";
import { findDamage, PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import {
  createMissingTables,
  refuseColumnsWithoutTimes,
  refuseOtherSchema,
} from "../app/doctor/damage/tables.server.ts";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { install, keepWritersOut, namesTaken, remove } from "../app/domain/rules/rules.server.ts";

/**
 * The pool and the companies, and the rules that hold for anyone who writes to them.
 *
 * Existing tables are adopted: if rows break a rule, nothing is changed and each row is named.
 * Meanwhile the tables can be read, and writers wait.
 */
export async function up(db: Knex): Promise<void> {
  await refuseOtherSchema(db);
  await refuseNamesTaken(db);
  await createMissingTables(db);
  await refuseColumnsWithoutTimes(db);
  await keepWritersOut(db);
  const damage = await findDamage(db);
  if (damage.length > 0) throw new PoolDamagedError(damage);
  await install(db);
}

// Making a rule replaces anything that has its name.
async function refuseNamesTaken(db: Knex): Promise<void> {
  const taken = await namesTaken(db);
  if (taken.length === 0) return;
  throw new TableInTheWayError(
    `There is already a ${taken.join(", a ")} in the database that is not this program's. Nothing was changed. Rename or drop what has such a name, then migrate again.`,
  );
}

/** Removes the rules but leaves the tables, whose rows nobody may drop. */
export async function down(db: Knex): Promise<void> {
  await remove(db);
  // An index that this migration used to make.
  await db.raw("drop index if exists twilio_phone_numbers_available");
}

import type { Knex } from "knex";
import { findDamage, PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * The rules as they are now, for databases that were migrated before this; rows in the way are
 * named.
 */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  try {
    await install(db);
  } catch (error) {
    const damage = await findDamage(db);
    throw damage.length > 0 ? new PoolDamagedError(damage) : error;
  }
}

/**
 * The rules stay as long as the tables that they guard are this program's; the first migration
 * removes them.
 */
export async function down(): Promise<void> {}

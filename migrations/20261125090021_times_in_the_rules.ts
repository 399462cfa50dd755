import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/** Invalid times are refused from now on, and adopted ones can be corrected. */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  await install(db);
}

/**
 * The rules stay as long as the tables that they guard are this program's; the first migration
 * removes them.
 */
export async function down(): Promise<void> {}

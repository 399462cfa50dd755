import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/**
 * On PostgreSQL a temporary table that is called as one of the program's leads its triggers astray
 * no more.
 */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  await install(db);
}

/**
 * The rules stay as long as the tables that they guard are this program's; the first migration
 * takes them away.
 */
export async function down(): Promise<void> {}

import type { Knex } from "knex";
import { install, keepWritersOut } from "../app/domain/rules/rules.server.ts";

/** A time that is none is refused from now on, and one that was adopted so can be put right. */
export async function up(db: Knex): Promise<void> {
  await keepWritersOut(db);
  await install(db);
}

/** The rules stay as long as the tables that they guard are this program's; the first migration takes them away. */
export async function down(): Promise<void> {}

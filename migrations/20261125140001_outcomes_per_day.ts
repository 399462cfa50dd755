import type { Knex } from "knex";
import { install, recountCalls, removeCallCounts } from "../app/domain/rules/rules.server.ts";

const outcomes = ["answered", "message", "missed"];

/** Each company's calls are counted by day and by what became of them. */
export async function up(db: Knex): Promise<void> {
  // Calls wait until they are counted, and first of all: whoever writes one has locked it before its day.
  if ((db.client as Knex.Client).config.client === "pg") {
    await db.raw("lock table calls in share row exclusive mode");
  }
  await db.schema.alterTable("calls_per_day", (table) => {
    for (const outcome of outcomes) table.integer(outcome).notNullable().defaultTo(0);
  });
  await install(db);
  await recountCalls(db);
}

/** The triggers go with the columns; the program that was there before counts the days anew when it is asked to repair. */
export async function down(db: Knex): Promise<void> {
  await removeCallCounts(db);
  for (const outcome of outcomes) await db.raw(`alter table calls_per_day drop column ${outcome}`);
}

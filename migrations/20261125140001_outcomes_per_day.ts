import type { Knex } from "knex";
import { install, recountCalls, removeCallCounts } from "../app/domain/rules/rules.server.ts";

const outcomes = ["answered", "message", "missed"];

/** Counts each company's calls by day and outcome. */
export async function up(db: Knex): Promise<void> {
  // Calls are locked until they are counted, and before the days: whoever writes a call has locked
  // it before its day.
  if ((db.client as Knex.Client).config.client === "pg") {
    await db.raw("lock table calls in share row exclusive mode");
  }
  await db.schema.alterTable("calls_per_day", (table) => {
    for (const outcome of outcomes) table.integer(outcome).notNullable().defaultTo(0);
  });
  await install(db);
  await recountCalls(db);
}

/**
 * The triggers go with the columns; the previous program recounts the days when it is asked to
 * repair.
 */
export async function down(db: Knex): Promise<void> {
  await removeCallCounts(db);
  for (const outcome of outcomes) await db.raw(`alter table calls_per_day drop column ${outcome}`);
}

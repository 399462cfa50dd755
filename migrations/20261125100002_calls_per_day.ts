import type { Knex } from "knex";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { install, recountCalls, removeCallCounts } from "../app/domain/rules/rules.server.ts";

/** Counts each company's calls by day as they come. */
export async function up(db: Knex): Promise<void> {
  if (await db.schema.hasTable("calls_per_day")) {
    throw new TableInTheWayError(
      "There is a table “calls_per_day” already that is not this program's. Nothing was changed. Rename it and migrate again.",
    );
  }
  await db.schema.createTable("calls_per_day", (table) => {
    table.bigInteger("company_id").notNullable();
    table.text("day").notNullable();
    table.integer("calls").notNullable();
    table.primary(["company_id", "day"]);
  });
  await install(db);
  await recountCalls(db);
}

export async function down(db: Knex): Promise<void> {
  await removeCallCounts(db);
  await db.schema.dropTable("calls_per_day");
}

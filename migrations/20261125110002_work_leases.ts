import type { Knex } from "knex";

/** Which process does a job, and when it is due; the database's own clock counts. */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("work_leases", (table) => {
    table.text("job").primary();
    table.timestamp("due_at", { useTz: false }).notNullable();
    table.text("holder");
    table.timestamp("held_until", { useTz: false });
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("work_leases");
}

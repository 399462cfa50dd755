import type { Knex } from "knex";

/**
 * What the budget of assignments is counted from: the newest assignments, and each network's
 * assignments of the last hour. The one row of `assignment_budget` says until when the budget is
 * lifted; on PostgreSQL each assignment locks it, so that two counting at once do not both take the
 * last.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("assignment_budget", (table) => {
    table.integer("id").primary();
    table.timestamp("open_until", { useTz: false });
    table.check("id = 1", [], "assignment_budget_once");
  });
  await db("assignment_budget").insert({ id: 1, open_until: null });
  await db.schema.createTable("recent_assignments", (table) => {
    table.text("network").notNullable();
    table.timestamp("assigned_at", { useTz: false }).notNullable().index();
    table.index(["network", "assigned_at"]);
  });
  await db.raw(`create index twilio_phone_numbers_assigned_at
                    on twilio_phone_numbers (assigned_at) where status = 'assigned'`);
}

export async function down(db: Knex): Promise<void> {
  await db.raw("drop index twilio_phone_numbers_assigned_at");
  await db.schema.dropTable("recent_assignments");
  await db.schema.dropTable("assignment_budget");
}

import type { Knex } from "knex";

/** The callers that a company has blocked, and what happens to those who withhold their number. */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("blocked_callers", (table) => {
    table.bigInteger("company_id").notNullable().references("companies.id").onDelete("CASCADE");
    // As stored with calls: E.164, `sip:…`.
    table.text("caller").notNullable();
    table.timestamp("blocked_at", { useTz: false }).notNullable();
    table.primary(["company_id", "caller"]);
  });
  await db.schema.createTable("withheld_callers", (table) => {
    table.bigInteger("company_id").primary().references("companies.id").onDelete("CASCADE");
    // A company without a row takes their calls like all others.
    table.text("what").notNullable();
    table.check("what in ('message', 'refuse')");
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("withheld_callers");
  await db.schema.dropTable("blocked_callers");
}

import type { Knex } from "knex";

/** The language in which a company's callers are spoken to; none if it has never chosen one. */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable("company_call_handling", (table) => {
    table.text("language");
  });
}

export async function down(db: Knex): Promise<void> {
  await db.raw("alter table company_call_handling drop column language");
}

import type { Knex } from "knex";
import { readOddEmails } from "../app/domain/adopted-emails.server.ts";

/** What adopted companies sign in with where the database does not find it, see app/domain/adopted-emails.server.ts. */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("adopted_emails", (table) => {
    table.text("email").primary();
    // Whoever changes a company's email takes this one out of use with it.
    table.text("written").notNullable();
    table
      .bigInteger("company_id")
      .notNullable()
      .references("companies.id")
      .onDelete("CASCADE")
      .index();
  });
  for (const { id, email, folded } of await readOddEmails(db)) {
    // A database of the version before may have somebody else who signs in with it already.
    const isTaken: unknown = await db("companies").whereRaw("lower(email) = ?", folded).first("id");
    if (isTaken) continue;
    await db("adopted_emails")
      .insert({ email: folded, written: email, company_id: id })
      .onConflict("email")
      .ignore();
  }
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("adopted_emails");
}

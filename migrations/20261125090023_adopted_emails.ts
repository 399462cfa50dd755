import type { Knex } from "knex";

/**
 * The emails of adopted companies that the database's lower() does not find:
 * app/domain/adopted-emails.server.ts.
 */
export async function up(db: Knex): Promise<void> {
  await db.schema.createTable("adopted_emails", (table) => {
    table.text("email").primary();
    // Changing a company's email puts this one out of use.
    table.text("written").notNullable();
    table
      .bigInteger("company_id")
      .notNullable()
      .references("companies.id")
      .onDelete("CASCADE")
      .index();
  });
  const odd = isPostgres(db) ? "email ~ '[^\\x21-\\x7e]'" : "email glob '*[^!-~]*'";
  const companies = await db("companies")
    .whereRaw(odd)
    .orderBy("id")
    .select<{ id: number; email: string; lowered: string }[]>(
      "id",
      "email",
      db.raw("lower(email) as lowered"),
    );
  for (const { id, email, lowered } of companies) {
    const folded = foldedEmail(email);
    if (folded === lowered) continue;
    // In a database of the previous version somebody else may already sign in with it.
    const isTaken: unknown = await db("companies").whereRaw("lower(email) = ?", folded).first("id");
    if (isTaken) continue;
    await db("adopted_emails")
      .insert({ email: folded, written: email, company_id: id })
      .onConflict("email")
      .ignore();
  }
}

const isPostgres = (db: Knex) => (db.client as Knex.Client).config.client === "pg";

// NFC, lower case, nothing invisible at its ends; PostgreSQL's text has no NUL.
function foldedEmail(email: string): string {
  const signs = Array.from(email.toLowerCase().normalize("NFC"));
  const isBlank = (sign: string) => /[\s\p{Default_Ignorable_Code_Point}\u2800]/u.test(sign);
  const isStrayAtEnd = (sign: string, before: string) =>
    !/[\p{Variation_Selector}\u{E007F}]/u.test(sign) &&
    (/[\u200C\u200D]/.test(sign) ? !/[\p{Script=Arabic}\p{M}]/u.test(before) : isBlank(sign));
  let [start, end] = [0, signs.length];
  while (start < end && isBlank(signs[start]!)) start++;
  while (end > start && isStrayAtEnd(signs[end - 1]!, signs[end - 2] ?? "")) end--;
  return signs.slice(start, end).join("").replaceAll("\0", "\uFFFD");
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable("adopted_emails");
}

import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";

/**
 * The triggers that hold the rules of assignment, as the migration that makes the pool names them. Some guard what
 * another guards too, so that trying to break a rule would not tell that one is gone.
 */
const triggersOn = {
  sqlite: [
    "phone_number_enters",
    "phone_number_changes",
    "phone_number_carries_company",
    "phone_number_leaves",
    "company_enters",
    "company_changes",
    "company_leaves",
  ],
  postgres: [
    "phone_number_enters",
    "phone_number_changes",
    "phone_number_carries_company",
    "phone_number_leaves",
    "phone_numbers_truncated",
    "company_enters",
    "company_number_changes",
    "company_leaves",
    "companies_truncated",
  ],
};

/** Those that the database has not, or has switched off. */
export async function missingTriggers(db: Knex): Promise<string[]> {
  const present = new Set<string>(
    isPostgres(db)
      ? await db("pg_trigger").whereNotIn("tgenabled", ["D", "R"]).pluck("tgname")
      : await db("sqlite_master").where({ type: "trigger" }).pluck("name"),
  );
  return triggersOn[isPostgres(db) ? "postgres" : "sqlite"].filter((name) => !present.has(name));
}

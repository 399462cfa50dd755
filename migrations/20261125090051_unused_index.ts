import type { Knex } from "knex";

/**
 * Databases that were migrated before the pool was read in order of entry have an index that
 * nothing reads any more, and that each assignment has to write.
 */
export async function up(db: Knex): Promise<void> {
  await db.raw("drop index if exists twilio_phone_numbers_available");
}

/** Nothing that reads the pool needs it. */
export async function down(): Promise<void> {}

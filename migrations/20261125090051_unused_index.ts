import type { Knex } from "knex";

/**
 * Databases that were migrated before the pool was read by when each number entered it have an index that nothing reads
 * any more, and that each assignment has to write.
 */
export async function up(db: Knex): Promise<void> {
  await db.raw("drop index if exists twilio_phone_numbers_available");
}

/** What reads the pool now does without it. */
export async function down(): Promise<void> {}

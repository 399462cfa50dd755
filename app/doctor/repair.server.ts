import type { Knex } from "knex";
import { tryCure } from "#app/doctor/damage/cure.server.ts";
import { findDamage, PoolDamagedError, type Damage } from "#app/doctor/damage/diagnosis.server.ts";
import { createMissingTables } from "#app/doctor/damage/tables.server.ts";
import { operator, recordEvent, type AuditEvent } from "#app/domain/audit.server.ts";
import { install, keepWritersOut, recountCalls, refill } from "#app/domain/rules/rules.server.ts";

/** The outcome of {@link repairDamage}: each piece of damage is in one of the two lists. */
export interface Repair {
  /** its `repair` says what was done */
  repaired: Damage[];
  /** people decide; none of its rows was touched */
  left: Damage[];
}

/**
 * Repairs all damage whose cure is beyond doubt, in one transaction that keeps other writers out
 * and first makes whatever is missing of the two tables. If the rules are already in the database
 * and refuse a cure, that damage is left as it is, without a `repair`.
 * @throws the driver's error if the database is away or full; then nothing is changed
 */
export async function repairDamage(db: Knex): Promise<Repair> {
  return db.transaction(async (transaction) => {
    await createMissingTables(transaction);
    await keepWritersOut(transaction);
    const repaired: Damage[] = [];
    const refused = new Set<string>();
    const repairable = (await findDamage(transaction)).filter(({ changes }) => changes);
    // A savepoint for each is slow, and only needed to find out which cures the rules refuse.
    if (
      await tryCure(
        transaction,
        repairable.flatMap(({ changes = [] }) => changes),
      )
    ) {
      repaired.push(...repairable);
    } else {
      for (const damage of repairable) {
        if (await tryCure(transaction, damage.changes ?? [])) repaired.push(damage);
        else refused.add(damage.finding);
      }
    }
    const left = (await findDamage(transaction)).map((damage) =>
      refused.has(damage.finding) ? asRefused(damage) : damage,
    );
    if (repaired.length > 0) await record(transaction, "damage-repaired", repaired.length);
    return { repaired, left };
  });
}

/** A database that has not been migrated yet has no audit trail. */
async function record(transaction: Knex, event: AuditEvent, count?: number): Promise<void> {
  if (!(await transaction.schema.hasTable("audit_events"))) return;
  const details = count === undefined ? undefined : { count };
  await recordEvent(transaction, { event, ...operator, details });
}

function asRefused({ kind, finding, repair }: Damage): Damage {
  return {
    kind,
    finding,
    decision: `The rules that are in the database refuse what would mend it (${repair}) Stop the app, switch the two tables' triggers off, and change it by hand.`,
  };
}

/**
 * Restores the rules' triggers and indexes if somebody has dropped or switched off some of them, in
 * one transaction, which changes nothing if rows now break a rule.
 * @throws {PoolDamagedError}
 */
export async function restoreRules(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    await keepWritersOut(transaction);
    const damage = await findDamage(transaction);
    if (damage.length > 0) throw new PoolDamagedError(damage);
    await install(transaction);
    // What was written in the meantime is missing from searches and counts.
    if (await transaction.schema.hasTable("pool_counts")) await refill(transaction);
    await recountCalls(transaction);
    await record(transaction, "rules-restored");
  });
}

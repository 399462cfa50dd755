import type { Knex } from "knex";
import { keepWritersOut } from "#app/doctor/damage/claims.server.ts";
import { findDamage, diagnoseClaims, type Damage } from "#app/doctor/damage/diagnosis.server.ts";
import type { Change } from "#app/doctor/damage/mending.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** What came of {@link repairDamage}: each damage is in one of the two. */
export interface Repair {
  /** its `repair` says what was done */
  repaired: Damage[];
  /** people decide; none of its rows was touched */
  left: Damage[];
}

/**
 * Mends all damage that can be mended without doubt, in one transaction that keeps other writers out.
 * Where the rules are in the database already and refuse a repair, that damage is left as it is, without a `repair`.
 * @throws the driver's error where the database is away or full; nothing is changed then
 */
export async function repairDamage(db: Knex): Promise<Repair> {
  return db.transaction(async (transaction) => {
    await keepWritersOut(transaction);
    const mendable = (await diagnoseClaims(transaction)).filter(
      ({ changes }) => changes.length > 0,
    );
    const refused = new Set<string>();
    // A savepoint for each is slow, and only needed to tell which of them the rules refuse.
    const all = mendable.flatMap(({ changes }) => changes);
    if (!(await isAccepted(transaction, all))) {
      for (const { damage, changes } of mendable) {
        if (!(await isAccepted(transaction, changes))) {
          refused.add(damage.finding);
        }
      }
    }
    const left = (await findDamage(transaction)).map((damage) =>
      refused.has(damage.finding) ? asRefused(damage) : damage,
    );
    const repaired = mendable
      .map(({ damage }) => damage)
      .filter(({ finding }) => !refused.has(finding));
    return { repaired, left };
  });
}

async function isAccepted(db: Knex, changes: Change[]): Promise<boolean> {
  try {
    await db.transaction(async (savepoint) => {
      for (const change of changes) await apply(savepoint, change);
    });
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

async function apply(db: Knex, change: Change): Promise<void> {
  const numbers = db("twilio_phone_numbers");
  if ("remove" in change) await numbers.where({ id: change.remove }).delete();
  else if ("row" in change) {
    await numbers.where({ id: change.row }).update(change.set);
  } else if ("add" in change) {
    await numbers.insert({ ...change.add, created_at: toDatabaseTime() });
  } else {
    await db("companies")
      .where({ id: change.company })
      .update({ twilio_phone_number: change.phoneNumber });
  }
}

/** A trigger or a constraint said no: class 23 of PostgreSQL's codes. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && (code === "SQLITE_CONSTRAINT" || /^23...$/.test(code));
}

function asRefused({ kind, finding, repair }: Damage): Damage {
  return {
    kind,
    finding,
    decision: `The rules that are in the database refuse what would mend it (${repair}) Stop the app, switch the two tables' triggers off, and change it by hand.`,
  };
}

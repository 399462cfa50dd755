import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import type { Engine } from "./databases.ts";
import { damagedClaims } from "./legacy-damaged-claims.ts";
import { damagedTexts } from "./legacy-damaged-texts.ts";

/** Damage to the rows of {@link addLegacyRows}, and how it is repaired. */
export interface LegacyDamage {
  /** what is wrong, as part of a test's name */
  name: string;
  kind: string;
  /** the only engine whose constraints allow it; by default both do */
  only?: "sqlite" | "upgraded sqlite" | "postgres";
  /** SQL that does the damage */
  sql: string[];
  /** what the finding must name */
  names: string[];
  /** whether it is certain what the rows should be */
  mendable: boolean;
  /** rows after the repair: number's id → text, owner; company's id → number */
  after?: {
    numbers?: Record<number, [string, number | null] | null>;
    companies?: Record<number, string | null>;
  };
}

export const legacyDamages: LegacyDamage[] = [...damagedClaims, ...damagedTexts];

/** Whether a database of `engine` can have the damage. */
export const isPossible = ({ only }: LegacyDamage, engine: Engine, upgraded: boolean): boolean =>
  !only || (only === "upgraded sqlite" ? upgraded : only === engine);

/**
 * Does the damage to the rows of {@link addLegacyRows}, with foreign keys off, as the old system
 * had them on SQLite.
 */
export async function doDamage(db: Knex, { sql }: Pick<LegacyDamage, "sql">): Promise<void> {
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = off");
  for (const statement of sql) await db.raw(statement);
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = on");
}

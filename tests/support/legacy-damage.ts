import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import type { Engine } from "./databases.ts";
import { damagedClaims } from "./legacy-damaged-claims.ts";
import { damagedTexts } from "./legacy-damaged-texts.ts";

/** Damage done to {@link addLegacyRows}, and what becomes of it. */
export interface LegacyDamage {
  /** what is wrong, as it goes on in "… " of a test's name */
  name: string;
  kind: string;
  /** an engine whose constraints let it happen; without it both do */
  only?: "sqlite" | "upgraded sqlite" | "postgres";
  /** SQL that does it */
  sql: string[];
  /** what the finding must name */
  names: string[];
  /** whether it can be known without doubt what should be */
  mendable: boolean;
  /** rows as they are after the repair: number's id → text, owner; company's id → number */
  after?: {
    numbers?: Record<number, [string, number | null] | null>;
    companies?: Record<number, string | null>;
  };
}

export const legacyDamages: LegacyDamage[] = [...damagedClaims, ...damagedTexts];

/** Whether the damage can be there in a database of `engine`. */
export const isPossible = ({ only }: LegacyDamage, engine: Engine, upgraded: boolean): boolean =>
  !only || (only === "upgraded sqlite" ? upgraded : only === engine);

/** Does the damage to {@link addLegacyRows}; with foreign keys off, as the old system had them on SQLite. */
export async function doDamage(db: Knex, { sql }: Pick<LegacyDamage, "sql">): Promise<void> {
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = off");
  for (const statement of sql) await db.raw(statement);
  if (!isPostgres(db)) await db.raw("pragma foreign_keys = on");
}

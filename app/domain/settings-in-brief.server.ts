import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import {
  handlingColumns,
  handlingTables,
  presentHandling,
  type CallHandling,
  type HandlingRow,
} from "#app/domain/call-handling.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/** What a company has set, for the list of all settings. */
export interface SettingsInBrief {
  handling: CallHandling;
  /** how many API tokens are valid */
  tokens: number;
  /** how many recovery codes are unused */
  codes: number;
}

/** Undefined if there is no such company. */
export async function settingsInBrief(
  db: Knex,
  companyId: number,
): Promise<SettingsInBrief | undefined> {
  const [row] = await query<Row>(db, inBrief, [toDatabaseTime(), companyId]);
  return (
    row && {
      handling: await presentHandling(db, row),
      tokens: Number(row.tokens),
      codes: Number(row.codes),
    }
  );
}

type Row = HandlingRow & { tokens: number; codes: number };

const inBrief = {
  name: "settings in brief",
  sql: `select ${handlingColumns},
      (select count(*) from company_tokens where company_id = c.id
         and (expires_at is null or expires_at > ?)) as tokens,
      (select count(*) from recovery_codes where company_id = c.id and spent_at is null) as codes
    from ${handlingTables} where c.id = ?`,
};

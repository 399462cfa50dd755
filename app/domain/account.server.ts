import type { Knex } from "knex";
import { z } from "zod";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { erasedEmail } from "#app/domain/account-state.ts";
import { readPhone, whoFields, type Company } from "#app/domain/companies.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { asTimeZone, saveTimeZone } from "#app/domain/time-zone.server.ts";

/**
 * What a company says about itself in Settings. Its email and its password have verbs of their own.
 */

const noZone = "Choose a time zone";

/**
 * The form.
 * @param kept the company's phone: if an older program kept it as typed, it may stay so
 */
export function accountFields(kept: string | null) {
  return z.object({
    ...whoFields,
    phone: z
      .string()
      .nullish()
      .transform((text, context) =>
        kept !== null && text?.trim() === kept ? kept : readPhone(text, context),
      ),
    time_zone: z
      .string({ error: noZone })
      .transform((text) => asTimeZone(text.trim()) ?? "")
      .refine((zone) => zone !== "", { error: noZone }),
  });
}

export type AccountFields = z.output<ReturnType<typeof accountFields>>;

/**
 * Saves what a company says about itself.
 * @param company as it was at the time of the request
 * @param by for the audit trail, which has the names of what was changed
 * @returns "gone" if it has been erased meanwhile
 */
export async function saveAccount(
  db: Knex,
  company: Company,
  fields: AccountFields,
  by: By = service,
): Promise<"saved" | "gone"> {
  const { time_zone, ...who } = fields;
  return db.transaction(async (trx) => {
    const count = await trx("companies")
      .where({ id: company.id })
      .whereNot({ email: erasedEmail(company.id) })
      .update({ ...who, updated_at: toDatabaseTime() });
    if (count === 0) return "gone";
    // Even if it equals the guess: from now on the company has said so.
    await saveTimeZone(trx, company.id, time_zone);
    const changed = changesOf(company, fields).join(", ");
    if (changed !== "") {
      const details = { fields: changed };
      await recordEvent(trx, { event: "account-changed", companyId: company.id, ...by, details });
    }
    return "saved";
  });
}

const fieldsOf = (company: Company): AccountFields => ({
  company_name: company.companyName,
  owner_name: company.ownerName,
  phone: company.phone,
  time_zone: company.timeZone,
});

/** What the form has in it at first; the phone is written for people. */
export const accountForm = (company: Company) => ({
  ...fieldsOf(company),
  phone: formatPhoneNumber(company.phone ?? ""),
});

function changesOf(company: Company, fields: AccountFields): string[] {
  const before = fieldsOf(company);
  const names = Object.keys(before) as (keyof AccountFields)[];
  return names.filter((name) => fields[name] !== before[name]);
}

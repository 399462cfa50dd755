import type { Knex } from "knex";
import { saveCallHandling, type CallHandling } from "#app/domain/call-handling.server.ts";
import type { Call } from "#app/domain/calls.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { recentCalls } from "./calls.ts";
import { fillPool, insertCompany } from "./companies.ts";
import { createMigratedDatabase, openDatabase, type Engine } from "./databases.ts";
import { useTwilio } from "./twilio-webhooks.ts";

export interface CalledCompany {
  db: Knex;
  company: number;
  number: string;
  /** in the pool, but nobody's */
  unowned: string;
  /** Saves the company's call handling: its phone is rung, unless `fields` say otherwise. */
  wants(fields: Partial<CallHandling>): Promise<unknown>;
  /** The one call in the company's log. */
  logged(): Promise<Call>;
}

/**
 * Makes a company with a number, another number that is nobody's, and an environment in which calls
 * reach them.
 */
export async function calledCompany(engine: Engine): Promise<CalledCompany> {
  const { url } = await createMigratedDatabase(engine);
  useTwilio(url);
  const db = openDatabase(url);
  const company = await insertCompany(db, {
    company_name: `Smith & Sons <"Best"> 'Ltd'`,
    phone: "+353863334444",
  });
  const [number, unowned] = (await fillPool(db, 2)) as [string, string];
  await assignPhoneNumber(db, company, number);
  return {
    db,
    company,
    number,
    unowned,
    wants: (fields) =>
      saveCallHandling(db, company, {
        greeting: "Hello.",
        mode: "phone",
        target: "+353863334444",
        ringSeconds: 15,
        takeMessage: true,
        ...fields,
      }),
    async logged() {
      const calls = await recentCalls(db, company, 10);
      if (calls.length !== 1) throw new Error(`${calls.length} calls`);
      return calls[0]!;
    },
  };
}

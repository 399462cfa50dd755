import type { Knex } from "knex";
import { createDatabase } from "#app/db.server.ts";
import { recordCallStatus, recordIncomingCall } from "#app/domain/call-events.server.ts";
import { signUp } from "#app/domain/companies.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { beginSession } from "#app/domain/sessions.server.ts";
import { newCallSid } from "../tests/support/calls.ts";
import { fillPool, insertCompanies } from "../tests/support/companies.ts";

/** Companies that requests are made for. */
export interface Data {
  /** has a number and calls */
  settled: Account;
  /** has no number yet */
  choosing: Account;
  /** the number of a third company, which gets the calls, so that no other company's log grows */
  calledNumber: string;
}

export interface Account {
  id: number;
  email: string;
  /** of a session begun without a log-in: the cookie's value if nothing signs or wraps it */
  sessionId: string;
}

export const password = "a long quiet evening";
const hour = 60 * 60 * 1000;

/**
 * Fills a migrated database: a pool of 1,000 numbers, 300 companies with sessions, and the {@link
 * Data}.
 */
export async function fill(databaseUrl: string): Promise<Data> {
  const db = createDatabase(databaseUrl);
  try {
    const [settledNumber = "", calledNumber = ""] = await fillPool(db, 1_000);
    for (const id of await insertCompanies(db, 300)) await beginSession(db, id);
    return await fillAccounts(db, settledNumber, calledNumber);
  } finally {
    await db.destroy();
  }
}

/**
 * Makes the companies that requests are made for, and assigns the two available numbers to two of
 * them.
 */
export async function fillAccounts(
  db: Knex,
  settledNumber: string,
  calledNumber: string,
): Promise<Data> {
  const account = async (name: string): Promise<Account> => {
    const email = `${name}@example.com`;
    const signedUp = await signUp(db, {
      company_name: `${name} & Sons`,
      owner_name: "Ann Owner",
      phone: "+353871234567",
      email,
      password,
    });
    if (signedUp.outcome !== "signed-up") throw new Error(signedUp.outcome);
    const { id } = signedUp.company;
    return { id, email, sessionId: await beginSession(db, id) };
  };
  const settled = await account("settled");
  const choosing = await account("choosing");
  const called = await account("called");
  await assignPhoneNumber(db, settled.id, settledNumber);
  await assignPhoneNumber(db, called.id, calledNumber);
  for (let calls = 1; calls <= 100; calls++) {
    const event = {
      callSid: newCallSid(),
      from: "+353871112222",
      to: settledNumber,
      at: new Date(Date.now() - calls * 3 * hour),
    };
    await recordIncomingCall(
      db,
      { ...event, status: "ringing" },
      { companyId: settled.id, route: "phone" },
    );
    await recordCallStatus(db, { ...event, status: "completed" }, 9);
  }
  return { settled, choosing, calledNumber };
}

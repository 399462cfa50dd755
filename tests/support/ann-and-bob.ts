import type { Knex } from "knex";
import { recordIncomingCall, recordRecording } from "#app/domain/call-events.server.ts";
import { signUp, signUpFields, type Company } from "#app/domain/companies.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { from, newCallSid, secondsIn } from "./calls.ts";
import { fillPool } from "./companies.ts";

export const password = "a long quiet evening";

export async function signedUp(db: Knex, email: string): Promise<Company> {
  const names = { company_name: "Acme", owner_name: "Ann Owner", phone: "+353863334444" };
  const fields = signUpFields.parse({ ...names, email, password, time_zone: "Asia/Tokyo" });
  const result = await signUp(db, fields);
  if (result.outcome !== "signed-up") throw new Error(result.outcome);
  return result.company;
}

/** Two signed-up companies with a number each, and a third number that is nobody's. */
export async function annAndBob(db: Knex) {
  const ann = await signedUp(db, "ann@example.com");
  const bob = await signedUp(db, "bob@example.com");
  const [number, bobsNumber] = (await fillPool(db, 3)) as [string, string];
  await assignPhoneNumber(db, ann.id, number);
  await assignPhoneNumber(db, bob.id, bobsNumber);
  return { ann, bob, number, bobsNumber };
}

/** Records a call to a company's number, and a message. @returns the call's SID */
export async function called(
  db: Knex,
  company: Company,
  to: string,
  message?: string,
  at = secondsIn(0),
  caller = from,
): Promise<string> {
  const callSid = newCallSid();
  const event = { callSid, from: caller, to, at };
  await recordIncomingCall(db, event, { companyId: company.id, route: "message" });
  if (message) await recordRecording(db, { callSid, to, at }, { sid: message, seconds: 5 });
  return callSid;
}

export const callsOf = (db: Knex, company: Company) =>
  db("calls").where({ company_id: company.id }).pluck("call_sid");

/** A recording's SID. */
export const recording = (digit: string) => `RE${digit.repeat(32)}`;

import type { ChildProcess } from "node:child_process";
import type { Knex } from "knex";
import { recordIncomingCall, recordRecording } from "#app/domain/call-events.server.ts";
import { makeToken, scopes, type TokenFields } from "#app/domain/tokens.server.ts";
import { newCallSid } from "./calls.ts";
import { Client } from "./client.ts";
import { signedInCompanies } from "./load.ts";
import type { TwilioApi } from "./twilio-api.ts";

/**
 * A company, with one client that is its owner with a session, and one that is a program with a
 * token.
 */
export interface CompanyWithToken {
  id: number;
  owner: Client;
  program: Client;
  token: string;
  tokenId: number;
}

/** Makes a company and a token that may do everything, unless `fields` say otherwise. */
export async function companyWithToken(
  url: string,
  db: Knex,
  fields: Partial<TokenFields> = {},
): Promise<CompanyWithToken> {
  const [company] = await signedInCompanies(db, 1);
  const { id, cookie } = company!;
  const made = await makeToken(db, id, {
    name: "Program",
    scopes: [...scopes],
    expires_at: null,
    ...fields,
  });
  if (made.outcome !== "made") throw new Error(made.outcome);
  return {
    id,
    owner: new Client(url, { Cookie: cookie }),
    program: new Client(url, { Authorization: `Bearer ${made.secret}` }),
    token: made.secret,
    tokenId: made.token.id,
  };
}

/** Somebody rings a company and leaves a message, which `twilio` has. */
export async function leavesMessage(
  db: Knex,
  twilio: TwilioApi,
  { companyId = 1, to = "+441614960123", callSid = newCallSid() },
): Promise<void> {
  const sid = `RE${callSid.slice(2)}`;
  const call = { callSid, from: "+353871112222", to, at: new Date() };
  await recordIncomingCall(db, { ...call, status: "ringing" }, { companyId, route: "message" });
  await recordRecording(db, { callSid, to }, { sid, seconds: 1 });
  twilio.recordings.add(sid);
}

/**
 * Waits until a program's standard output matches.
 * @throws with its output, if it ends before that
 */
export function untilSaid(program: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let said = "";
    let complaints = "";
    program.stderr?.on("data", (text) => (complaints += String(text)));
    program.stdout?.on("data", (text) => {
      said += String(text);
      const found = pattern.exec(said);
      if (found) resolve(found);
    });
    program.once("close", () => reject(new Error(`${said}\n${complaints}`)));
  });
}

import type { Knex } from "knex";
import { makeToken, scopes, type TokenFields } from "#app/domain/tokens.server.ts";
import { Client } from "./client.ts";
import { signedInCompanies } from "./load.ts";

/** A company, and clients that are its owner with a session and a program with a token. */
export interface CompanyWithToken {
  id: number;
  owner: Client;
  program: Client;
  token: string;
  tokenId: number;
}

/** Makes a company and a token of it that may do everything, unless `fields` say otherwise. */
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

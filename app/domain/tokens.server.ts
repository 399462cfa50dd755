import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Knex } from "knex";
import { z } from "zod";
import { query } from "#app/query.server.ts";
import { lockCompany } from "#app/domain/account-links.server.ts";
import { closedState } from "#app/domain/account-state.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import {
  companyColumns,
  companyFromRow,
  companyTables,
  type Company,
  type CompanyRow,
} from "#app/domain/companies.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { requireOpenSession, SessionEndedError } from "#app/domain/own-sessions.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";
import { holdsForgingMarks, withoutStrayMarks } from "#app/domain/written-text.ts";

/**
 * API tokens: a program that holds one acts for its company, as far as the token's scopes go. It is
 * shown once and kept as its SHA-256, so that a copy of the table opens nothing. It is `cpn_`, 256
 * bits in base 62, and their CRC-32 in base 62: a typing mistake shows without asking the database,
 * and secret scanners can recognise one.
 */

/** What a token may allow. */
export const scopes = ["numbers:read", "numbers:assign", "calls:read", "settings:write"] as const;
export type Scope = (typeof scopes)[number];

/** What the owner sees of a token, which is not the token itself. Times are RFC 3339, UTC. */
export interface Token {
  id: number;
  name: string;
  scopes: Scope[];
  createdAt: string;
  /** null: never */
  expiresAt: string | null;
  /** to the hour; null: never */
  lastUsedAt: string | null;
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function base62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest /= 62n)
    text = alphabet[Number(rest % 62n)] + text;
  return text;
}

const checksum = (random: string) => base62(BigInt(crc32(random)), 6);

function newToken(): string {
  const random = base62(BigInt(`0x${randomBytes(32).toString("hex")}`), 43);
  return `cpn_${random}${checksum(random)}`;
}

/** Whether a text can be a token: its form and its checksum are right. */
export function isToken(text: string): boolean {
  const [, random = "", check] = /^cpn_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/.exec(text) ?? [];
  return check !== undefined && check === checksum(random);
}

const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

const nameError = "Enter a name, so that you know later what uses it";
const scopesError = `Choose at least one of ${scopes.join(", ")}`;
const expiryError = "Enter a time in the future, like 2030-01-31T12:00:00Z, or leave it out";

/** The fields of a new token; `expires_at` comes out as a date, null if the token never expires. */
export const tokenFields = z.object({
  name: z
    .string({ error: nameError })
    .transform(withoutStrayMarks)
    .pipe(
      z
        .string()
        .min(1, { error: nameError })
        .max(100, { error: "Use 100 characters or fewer" })
        .refine((text) => !holdsForgingMarks(text), { error: "Remove the invisible characters" }),
    ),
  scopes: z
    .array(z.enum(scopes, { error: scopesError }), { error: scopesError })
    .min(1, { error: scopesError })
    .transform((chosen) => scopes.filter((scope) => chosen.includes(scope))),
  expires_at: z.iso
    .datetime({ offset: true, error: expiryError })
    .nullish()
    .transform((text, context) => {
      if (text === null || text === undefined) return null;
      const at = new Date(text);
      if (at.getTime() > Date.now() && at.getUTCFullYear() <= 9999) return at;
      context.addIssue({ code: "custom", message: expiryError });
      return z.NEVER;
    }),
});
export type TokenFields = z.output<typeof tokenFields>;

/** Tokens that a company may have at a time. */
export const mostTokens = 50;

/** The outcome of {@link makeToken}; `secret` is the token itself, which cannot be shown again. */
export type MadeToken =
  | { outcome: "made"; token: Token; secret: string }
  | { outcome: "too-many-tokens" }
  /** the account was closed meanwhile, or the session that asked has ended */
  | { outcome: "signed-out" };

/** @param sessionId the session that asks */
export async function makeToken(
  db: Knex,
  companyId: number,
  { name, scopes, expires_at }: TokenFields,
  by: By = service,
  sessionId?: string,
  now = new Date(),
): Promise<MadeToken> {
  const secret = newToken();
  try {
    return await db.transaction(async (transaction): Promise<MadeToken> => {
      await lockCompany(transaction, companyId);
      const [made] = await query<Row>(transaction, insertion, [
        companyId,
        name,
        scopes.join(" "),
        hashOf(secret),
        toDatabaseTime(now),
        expires_at && toDatabaseTime(expires_at),
        companyId,
        mostTokens,
        companyId,
      ]);
      await requireOpenSession(transaction, companyId, sessionId);
      if (!made) {
        const [account] = await query<{ closed: string | null }>(transaction, closed, [companyId]);
        return { outcome: account?.closed ? "signed-out" : "too-many-tokens" };
      }
      const details = { token: made.id, scopes: made.scopes };
      await recordEvent(transaction, { event: "token-made", companyId, ...by, details });
      return { outcome: "made", token: fromRow(made), secret };
    });
  } catch (error) {
    if (error instanceof SessionEndedError) return { outcome: "signed-out" };
    throw error;
  }
}

const closed = { name: "account closed", sql: `select ${closedState("?")} as closed` };

interface Row {
  id: number;
  name: string;
  scopes: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

const columns = "id, name, scopes, created_at, expires_at, last_used_at";

const insertion = {
  name: "make token",
  sql: `insert into company_tokens (company_id, name, scopes, token_hash, created_at, expires_at)
        select ?, ?, ?, ?, ?, ?
         where (select count(*) from company_tokens where company_id = ?) < ?
           and ${closedState("?")} is null
        returning ${columns}`,
};

function fromRow(row: Row): Token {
  const time = (at: string | null) => (at === null ? null : toRfc3339(at));
  return {
    id: row.id,
    name: row.name,
    scopes: scopesOf(row),
    createdAt: toRfc3339(row.created_at),
    expiresAt: time(row.expires_at),
    lastUsedAt: time(row.last_used_at),
  };
}

const scopesOf = (row: { scopes: string }) =>
  scopes.filter((scope) => row.scopes.split(" ").includes(scope));

/** The company's tokens, newest first, including expired ones. */
export async function listTokens(db: Knex, companyId: number): Promise<Token[]> {
  const rows = await query<Row>(db, ofCompany, [companyId]);
  return rows.map(fromRow);
}

const ofCompany = {
  name: "tokens of company",
  sql: `select ${columns} from company_tokens where company_id = ? order by id desc`,
};

/** The company's token with that id; undefined if it has no such token. */
export async function findOwnToken(
  db: Knex,
  companyId: number,
  id: number,
): Promise<Token | undefined> {
  return (await listTokens(db, companyId)).find((token) => token.id === id);
}

/** Ends a token, for anyone who holds it. @returns false if the company has no such token */
export async function revokeToken(
  db: Knex,
  companyId: number,
  id: number,
  by: By = service,
): Promise<boolean> {
  return db.transaction(async (transaction) => {
    const own = transaction("company_tokens").where({ company_id: companyId, id });
    if ((await own.delete()) === 0) return false;
    const details = { token: id };
    await recordEvent(transaction, { event: "token-revoked", companyId, ...by, details });
    return true;
  });
}

/** A token as presented by its holder. */
export interface ShownToken {
  id: number;
  scopes: Scope[];
  company: Company;
  expired: boolean;
  /** its last recorded use is an hour ago or more: {@link noteTokenUse} is due */
  stale: boolean;
}

/**
 * The token that a text ({@link isToken}) stands for; undefined if it is unknown or revoked. Only
 * reads.
 */
export async function findToken(
  db: Knex,
  secret: string,
  now = new Date(),
): Promise<ShownToken | undefined> {
  const [row] = await query<CompanyRow & TokenUse>(db, byHash, [hashOf(secret)]);
  return (
    row && {
      id: row.token_id,
      scopes: scopesOf(row),
      company: companyFromRow(row),
      expired: row.expires_at !== null && row.expires_at <= toDatabaseTime(now),
      stale: row.last_used_at === null || row.last_used_at <= toDatabaseTime(useNotedSince(now)),
    }
  );
}

interface TokenUse {
  token_id: number;
  scopes: string;
  expires_at: string | null;
  last_used_at: string | null;
}

const byHash = {
  name: "token by hash",
  sql: `select t.id as token_id, t.scopes, t.expires_at, t.last_used_at, ${companyColumns}
          from ${companyTables} join company_tokens t on t.company_id = c.id
         where t.token_hash = ? and ${closedState("c.id")} is null`,
};

// One write an hour, not one per request.
const useNotedSince = (now: Date) => new Date(now.getTime() - 60 * 60 * 1000);

/** Records that a token is in use; if the database takes no writes now, its next use will. */
export async function noteTokenUse(db: Knex, id: number, now = new Date()): Promise<void> {
  try {
    await db("company_tokens")
      .where({ id })
      .update({ last_used_at: toDatabaseTime(now) });
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
  }
}

import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { readAudit, service } from "#app/domain/audit.server.ts";
import {
  findOwnToken,
  findToken,
  isToken,
  listTokens,
  makeToken,
  mostTokens,
  noteTokenUse,
  revokeToken,
  tokenFields,
  type TokenFields,
} from "#app/domain/tokens.server.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, describeEachEngine, openDatabase } from "../support/databases.ts";

const fields: TokenFields = { name: "CI", scopes: ["numbers:read"], expires_at: null };
const begun = new Date("2026-11-22T10:00:00Z");
const after = (minutes: number) => new Date(begun.getTime() + minutes * 60_000);

async function made(db: Knex, company: number, more: Partial<TokenFields> = {}, now = begun) {
  const result = await makeToken(db, company, { ...fields, ...more }, service, undefined, now);
  if (result.outcome !== "made") throw new Error(result.outcome);
  return result;
}

describeEachEngine("API tokens", (_engine, open) => {
  let db: Knex;
  let company: number;
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db);
  });

  test("one identifies its company and scopes, and is not in the database", async () => {
    const { secret, token } = await made(db, company, {
      scopes: ["numbers:read", "calls:read"],
    });
    expect(await findToken(db, secret)).toMatchObject({
      id: token.id,
      scopes: ["numbers:read", "calls:read"],
      company: { id: company },
      expired: false,
    });
    const rows = JSON.stringify(await db("company_tokens"));
    expect(rows).not.toContain(secret);
    expect(rows).not.toContain(secret.slice(4, 20));
  });

  test("an unknown one opens nothing, nor does a revoked one", async () => {
    const { secret, token } = await made(db, company);
    const other = await made(db, company);
    expect(await findToken(db, `${secret}x`)).toBeUndefined();
    expect(await revokeToken(db, company, token.id)).toBe(true);
    expect(await findToken(db, secret)).toBeUndefined();
    expect(await findToken(db, other.secret)).toBeDefined();
    expect(await revokeToken(db, company, token.id)).toBe(false);
  });

  test("making and revoking one are in the audit trail, once each", async () => {
    const { token } = await made(db, company);
    await revokeToken(db, company, token.id);
    await revokeToken(db, company, token.id);
    const events = await readAudit(db, { companyId: company }, 10);
    expect(events.map(({ event, details }) => [event, details?.["token"]])).toEqual([
      ["token-revoked", token.id],
      ["token-made", token.id],
    ]);
  });

  test("another company neither sees nor revokes it", async () => {
    const { secret, token } = await made(db, company);
    const other = await insertCompany(db);
    expect(await listTokens(db, other)).toEqual([]);
    expect(await findOwnToken(db, other, token.id)).toBeUndefined();
    expect(await revokeToken(db, other, token.id)).toBe(false);
    expect(await findToken(db, secret)).toBeDefined();
  });

  test("it expires to the second", async () => {
    const { secret } = await made(db, company, { expires_at: after(60) });
    const expired = async (now: Date) => (await findToken(db, secret, now))?.expired;
    expect(await expired(new Date(after(60).getTime() - 1_000))).toBe(false);
    expect(await expired(after(60))).toBe(true);
  });

  test("its use is due to be noted once an hour", async () => {
    const { secret, token } = await made(db, company);
    const stale = async (now: Date) => (await findToken(db, secret, now))?.stale;
    expect(await stale(begun)).toBe(true);
    await noteTokenUse(db, token.id, begun);
    expect(await stale(after(59))).toBe(false);
    expect(await stale(after(60))).toBe(true);
    expect((await findOwnToken(db, company, token.id))?.lastUsedAt).toBe("2026-11-22T10:00:00Z");
  });

  test("the list shows the newest first, and nothing of the tokens themselves", async () => {
    const first = await made(db, company);
    const second = await made(db, company, { name: "Cron", expires_at: after(-1) });
    expect(await listTokens(db, company)).toEqual([second.token, first.token]);
    expect(second.token).toEqual({
      id: expect.any(Number) as number,
      name: "Cron",
      scopes: ["numbers:read"],
      createdAt: "2026-11-22T10:00:00Z",
      expiresAt: "2026-11-22T09:59:00Z",
      lastUsedAt: null,
    });
  });

  test(`a company may have ${mostTokens}, not counting other companies'`, async () => {
    const other = await insertCompany(db);
    await made(db, other);
    for (let i = 0; i < mostTokens; i++) await made(db, company);
    expect(await makeToken(db, company, fields)).toEqual({ outcome: "too-many-tokens" });
    const [newest] = await listTokens(db, company);
    await revokeToken(db, company, newest!.id);
    await made(db, company);
  });
});

test("while SQLite takes no writes a token is valid, and its use is recorded later", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const holder = openDatabase(url);
  const company = await insertCompany(holder);
  const { token } = await made(holder, company);
  const db = openDatabase(url, { statementTimeout: 1 });
  await holder.raw("begin immediate");
  await noteTokenUse(db, token.id);
  await holder.raw("rollback");
  expect((await findOwnToken(db, company, token.id))?.lastUsedAt).toBeNull();
  await noteTokenUse(db, token.id);
  expect((await findOwnToken(db, company, token.id))?.lastUsedAt).not.toBeNull();
});

describe("the text of a token", () => {
  test("is cpn_ and 49 letters and digits, and never the same", async () => {
    const { url } = await createMigratedDatabase("sqlite");
    const db = openDatabase(url);
    const company = await insertCompany(db);
    const texts = new Set<string>();
    for (let i = 0; i < 20; i++) texts.add((await made(db, company)).secret);
    expect(texts.size).toBe(20);
    for (const text of texts) {
      expect(text).toMatch(/^cpn_[0-9A-Za-z]{49}$/);
      expect(isToken(text)).toBe(true);
      // One sign mistyped, two exchanged, cut short.
      expect(isToken(text.replace(/.$/, (sign) => (sign === "a" ? "b" : "a")))).toBe(false);
      const [a, b] = [text[10]!, text[11]!];
      if (a !== b) expect(isToken(text.slice(0, 10) + b + a + text.slice(12))).toBe(false);
      expect(isToken(text.slice(0, -1))).toBe(false);
    }
  });

  test.each(["", "cpn_", "cpn_x", `cpn_${"0".repeat(49)}`, `CPN_${"0".repeat(49)}`, "ghp_x"])(
    "%j is none",
    (text) => expect(isToken(text)).toBe(false),
  );
});

describe("what a token is made of", () => {
  test("a name in one line, scopes once each and in their order, and a time in UTC", () => {
    expect(
      tokenFields.parse({
        name: "  CI\u200b ",
        scopes: ["calls:read", "numbers:read", "calls:read"],
        expires_at: "2999-01-01T01:00:00+01:00",
      }),
    ).toEqual({
      name: "CI",
      scopes: ["numbers:read", "calls:read"],
      expires_at: new Date("2999-01-01T00:00:00Z"),
    });
    expect(tokenFields.parse({ ...fields, expires_at: undefined }).expires_at).toBeNull();
  });

  test.each([
    ["name", { name: " " }],
    ["name", { name: "x".repeat(101) }],
    ["name", { name: "a\u202eb" }],
    ["name", { name: 1 }],
    ["scopes", { scopes: [] }],
    ["scopes", { scopes: ["numbers:write"] }],
    ["scopes", { scopes: "numbers:read" }],
    ["expires_at", { expires_at: "2020-01-01T00:00:00Z" }],
    ["expires_at", { expires_at: "tomorrow" }],
    ["expires_at", { expires_at: 1 }],
    ["expires_at", { expires_at: "2999-02-30T00:00:00Z" }],
  ])("%s is refused: %j", (field, wrong) => {
    const result = tokenFields.safeParse({ ...fields, ...wrong });
    expect(result.error?.issues.map(({ path }) => path[0])).toEqual([field]);
  });
});

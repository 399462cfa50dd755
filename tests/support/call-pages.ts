import type { Knex } from "knex";
import { beforeAll } from "vitest";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { newCallSid } from "./calls.ts";
import { noon, startsAtNoon } from "./clock.ts";
import { Client } from "./client.ts";
import { fillPool } from "./companies.ts";
import { createMigratedDatabase, openDatabase, type Engine } from "./databases.ts";
import { signedInCompanies } from "./load.ts";
import { pageOf, textOf, type Page } from "./pages.ts";
import { startServer } from "./server.ts";

/** A signed-in company with a number. */
export interface Company {
  id: number;
  number: string;
  client: Client;
}

export async function companyWith(url: string, db: Knex, number: string): Promise<Company> {
  const [company] = await signedInCompanies(db, 1);
  const { id, cookie } = company!;
  await assignPhoneNumber(db, id, number);
  return { id, number, client: new Client(url, { Cookie: cookie }) };
}

/** Calls the company's number. @returns the call's SID */
export async function called(
  db: Knex,
  { id, number }: Company,
  { from = "+353871112222", at = noon, callSid = newCallSid() } = {},
): Promise<string> {
  await recordIncomingCall(
    db,
    { callSid, from, to: number, status: "ringing", at },
    { companyId: id, route: "phone" },
  );
  return callSid;
}

/** A page as the company gets it, and its text. */
export async function page(
  { client }: { client: Client },
  path: string,
): Promise<Page & { text: string }> {
  const got = await pageOf(client.fetch(path));
  return { ...got, text: textOf(got) };
}

export interface CallSite {
  url: string;
  databaseUrl: string;
  db: Knex;
  /** numbers of the pool that no company of {@link CallSite.fresh} has yet */
  numbers: string[];
  /** Makes another company with a number. */
  fresh(): Promise<Company>;
}

/**
 * Starts a server with 40 numbers before the tests of a `describe`. Its clock starts at noon.
 * @param more makes more variables for the server
 */
export function useCallSite(
  engine: Engine,
  more: () => Promise<{ environment: Record<string, string> }> = async () => ({ environment: {} }),
): CallSite {
  const site = { fresh: () => companyWith(site.url, site.db, site.numbers.shift()!) } as CallSite;
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    site.databaseUrl = databaseUrl;
    site.db = openDatabase(databaseUrl);
    site.numbers = await fillPool(site.db, 40);
    const env = { ...startsAtNoon, ...(await more()).environment };
    site.url = (await startServer({ databaseUrl, env })).url;
  });
  return site;
}

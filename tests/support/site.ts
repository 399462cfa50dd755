import type { Knex } from "knex";
import { addToPool } from "#app/domain/pool.server.ts";
import { Client } from "./client.ts";
import { someNumbers } from "./companies.ts";
import { createMigratedDatabase, openDatabase, type Engine } from "./databases.ts";
import { startServer } from "./server.ts";

/** A server with its own database, and what its visitors need. */
export interface Site {
  url: string;
  db: Knex;
  /** Adds new numbers to the pool. */
  freshNumbers(count: number): Promise<string[]>;
  freshNumber(): Promise<string>;
  /** Signs a company up through the API. */
  signedUp(): Promise<{ client: Client; id: number }>;
}

/** @param env more variables for the server */
export async function openSite(engine: Engine, env: Record<string, string> = {}): Promise<Site> {
  const { url: databaseUrl } = await createMigratedDatabase(engine);
  const db = openDatabase(databaseUrl);
  const { url } = await startServer({ databaseUrl, env });
  let made = 0;
  async function freshNumbers(count: number): Promise<string[]> {
    const numbers = someNumbers(count, made);
    made += count;
    await addToPool(db, numbers);
    return numbers;
  }
  return {
    url,
    db,
    freshNumbers,
    freshNumber: async () => (await freshNumbers(1))[0]!,
    async signedUp() {
      const client = new Client(url);
      const { company } = (await client.signUp()).body as { company: { id: number } };
      return { client, id: company.id };
    },
  };
}

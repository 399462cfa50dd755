import type { Knex } from "knex";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "./client.ts";
import { someNumbers } from "./companies.ts";
import { createMigratedDatabase, openDatabase, type Engine } from "./databases.ts";
import { startServer } from "./server.ts";

export const password = "a long quiet evening";
export const support = "help@numbers.example.com";

export interface Owner {
  /** signed in, with a Firefox */
  client: Client;
  id: number;
  email: string;
  number: string;
}

/** Starts a server with a database of its own, whose companies have numbers. */
export async function openOwnersSite(engine: Engine) {
  const { url: databaseUrl } = await createMigratedDatabase(engine);
  const db: Knex = openDatabase(databaseUrl);
  const { url } = await startServer({ databaseUrl, env: { SUPPORT_EMAIL: support } });
  let used = 0;

  async function owner(more: Record<string, unknown> = {}): Promise<Owner> {
    const client = new Client(url, {
      "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    });
    const { email = "" } = aCompany();
    const { company } = (await client.signUp({ email, ...more })).body as {
      company: { id: number };
    };
    const [number] = someNumbers(1, used++) as [string];
    await addToPool(db, [number]);
    await assignPhoneNumber(db, company.id, number);
    return { client, id: company.id, email, number };
  }

  /** Signs in from another browser. */
  async function signInAgain(email: string, secret = password) {
    const client = new Client(url);
    const { status, body } = await client.post("/api/login", { email, password: secret });
    return { client, status, body };
  }

  return { url, db, owner, signInAgain };
}

export type OwnersSite = Awaited<ReturnType<typeof openOwnersSite>>;

export const isSignedIn = async (client: Client) =>
  (await client.get("/api/session")).status === 200;

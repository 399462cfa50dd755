import path from "node:path";
import { createDatabase } from "../databases.ts";

export type Engine = "postgres" | "sqlite";
export const engineNames: Record<Engine, string> = { postgres: "PostgreSQL", sqlite: "SQLite" };

let made = 0;

/** @returns the address of a new, empty database */
export async function emptyDatabase(engine: Engine, scratch: string): Promise<string> {
  return engine === "postgres" ? createDatabase() : `sqlite:${path.join(scratch, `${++made}.db`)}`;
}

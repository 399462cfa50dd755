import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sqliteFile } from "#app/db.server.ts";
import { environment, EnvironmentError } from "#app/env.server.ts";

let secrets: string[] | undefined;

/**
 * The secrets that sign cookies: the first signs, all verify.
 * With SQLite and no `SESSION_SECRET` one is made and kept beside the file, for its owner's eyes only.
 * @throws {EnvironmentError} with PostgreSQL and no `SESSION_SECRET`
 */
export function sessionSecrets(): string[] {
  secrets ??= environment().SESSION_SECRET ?? [secretBesideSqlite()];
  return secrets;
}

/** Where the secret is kept that is made for a SQLite file; undefined with PostgreSQL. */
export function sessionSecretFile(databaseUrl: string): string | undefined {
  const database = sqliteFile(databaseUrl);
  return database === undefined
    ? undefined
    : path.join(path.dirname(path.resolve(database)), "session-secret");
}

function secretBesideSqlite(): string {
  const file = sessionSecretFile(environment().DATABASE_URL);
  if (file === undefined) {
    throw new EnvironmentError(
      "SESSION_SECRET is required with PostgreSQL: a long random text, the same on every server.",
    );
  }
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    // wx: of two processes that start together one writes, and both read what it wrote.
    writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, {
      flag: "wx",
      mode: 0o600,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const secret = readFileSync(file, "utf8").trim();
  if (secret.length < 16) {
    throw new EnvironmentError(
      `${file} holds no secret; delete it to have one made.`,
    );
  }
  return secret;
}

import { AsyncLocalStorage } from "node:async_hooks";
import { createHash, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { hash, verify } from "@node-rs/argon2";
import { verify as verifyBcrypt } from "@node-rs/bcrypt";
import { FairQueue, QueueFullError } from "#app/domain/fair-queue.ts";
import { environment } from "#app/env.server.ts";
import { networksOf } from "#app/ip-address.ts";

/**
 * Passwords are stored as Argon2id hashes. The previous system's hashes are accepted too, and
 * replaced at the first sign-in that proves the password.
 */

// OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 passes, 1 lane. Argon2id is the package's
// default.
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const pbkdf2Async = promisify(pbkdf2);

/** The outcome of {@link verifyPassword}. */
export type PasswordCheck = "right" | "right-but-old-hash" | "wrong";

/**
 * More passwords are waiting than the machine can check soon, or the same client has asked for most
 * of them.
 */
export class PasswordsBusyError extends Error {
  override name = "PasswordsBusyError";
}

// Hashing fills the thread pool that files, names and SQLite share: half of it stays free.
const threads = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;
const atOnce = Math.max(1, Math.floor(threads / 2));
let turns: FairQueue | undefined;

function queue(): FairQueue {
  // Load tests start with many accounts at once.
  const isLimited = environment().RATE_LIMITS === "on";
  turns ??= isLimited ? new FairQueue(atOnce, 16, 3_000) : new FairQueue(atOnce, 1_000, 30_000);
  return turns;
}

const inside = new AsyncLocalStorage<true>();

/**
 * Does work that hashes passwords in its turn, including its database queries, so that a flood of
 * it does not hold up others there either. Hashing outside of this has a turn of its own.
 * @param lanes {@link lanesOf} the client: nobody in another lane waits for more than one of its
 * turns
 * @throws {PasswordsBusyError} when too many wait
 */
export async function inTurn<T>(lanes: readonly string[], work: () => Promise<T>): Promise<T> {
  if (inside.getStore()) return work();
  try {
    return await queue().run(lanes, () => inside.run(true, work));
  } catch (error) {
    throw error instanceof QueueFullError ? new PasswordsBusyError() : error;
  }
}

/** The lanes of a hashing request: its address and its account weigh the same. */
export function lanesOf(account: string, address: string): string[] {
  return [account, ...networksOf(address)].filter((lane) => lane !== undefined);
}

/**
 * A password as it is hashed, so that the same one typed on another system opens the account: NFKC.
 * Source: NIST SP 800-63B, "Password Verifiers".
 */
export function asHashed(password: string): string {
  return password.normalize("NFKC");
}

/** @throws {PasswordsBusyError} when too many wait */
export function hashPassword(password: string): Promise<string> {
  return inTurn([], () => hash(asHashed(password), argon2));
}

/**
 * Every check costs one Argon2, whether or not the account exists and whatever kind of hash it has;
 * an old kind's own work comes on top. A password that is not typed in NFKC is tried as typed too,
 * which doubles that for every account alike.
 * @param storedHash undefined if there is no such account
 * @throws {PasswordsBusyError} when too many wait
 */
export function verifyPassword(
  password: string,
  storedHash: string | undefined,
): Promise<PasswordCheck> {
  return inTurn([], async () => {
    const normal = asHashed(password);
    const [right, rightAsTyped] = [
      await check(normal, storedHash),
      password === normal ? "wrong" : await check(password, storedHash),
    ];
    if (right !== "wrong") return right;
    return rightAsTyped === "wrong" ? "wrong" : "right-but-old-hash";
  });
}

async function check(password: string, stored = ""): Promise<PasswordCheck> {
  const opened = stored.startsWith("$argon2") ? await opens(verify(stored, password)) : "unread";
  if (opened !== "unread") return opened ? "right" : "wrong";
  await verify(await decoy(), password);
  return (await verifyOldHash(password, stored)) ? "right-but-old-hash" : "wrong";
}

/** @returns "unread" for a truncated hash, say, which opens nothing and costs nothing */
async function opens(verified: Promise<boolean>): Promise<boolean | "unread"> {
  try {
    return await verified;
  } catch (error) {
    if ((error as { code?: unknown }).code === "InvalidArg") return "unread";
    throw error;
  }
}

let decoyHash: Promise<string> | undefined;

// Nobody's password, hashed once with today's parameters.
function decoy(): Promise<string> {
  decoyHash ??= hash("nobody signs in with this", argon2);
  return decoyHash;
}

async function verifyOldHash(password: string, stored: string): Promise<boolean> {
  if (stored.startsWith("bcrypt:")) {
    return (await opens(verifyBcrypt(password, stored.slice("bcrypt:".length)))) === true;
  }
  const pbkdf2Parts = /^pbkdf2:([0-9a-f]{64}):([1-9]\d{0,6}):((?:[0-9a-f]{2}){32,})$/i.exec(stored);
  if (pbkdf2Parts) {
    const [, salt = "", rounds = "", expected = ""] = pbkdf2Parts;
    const derived = await pbkdf2Async(
      password,
      salt,
      Number(rounds),
      expected.length / 2,
      "sha256",
    );
    return sameHex(derived, expected);
  }
  const sha256Parts = /^([0-9a-f]{32}):([0-9a-f]{64})$/i.exec(stored);
  if (sha256Parts) {
    const [, salt = "", expected = ""] = sha256Parts;
    const derived = createHash("sha256")
      .update(password + salt)
      .digest();
    return sameHex(derived, expected);
  }
  return false;
}

function sameHex(derived: Buffer, expectedHex: string): boolean {
  const expected = Buffer.from(expectedHex, "hex");
  return (
    expected.length > 0 && expected.length === derived.length && timingSafeEqual(derived, expected)
  );
}

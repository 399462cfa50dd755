import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import { clearCounts } from "#app/domain/rate-counts.server.ts";
import { Counter, TooManyAttemptsError } from "#app/http/counter.server.ts";
import {
  countMailTo,
  countRecovery,
  countSignIn,
  countSignUp,
  countTokenRequest,
  signInWasNone,
  signInWasRight,
  type SignInAttempt,
} from "#app/http/rate-limits.server.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

/** How many of these are let through, one after another. */
async function letThrough<T>(tries: readonly T[], count: (one: T) => Promise<void>) {
  let through = 0;
  for (const one of tries) {
    await count(one).then(
      () => through++,
      (error: unknown) => expect(error).toBeInstanceOf(TooManyAttemptsError),
    );
  }
  return through;
}

const times = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

// With SQLite the counts are this process's, so each test needs accounts and networks of its own.
let made = 0;
const newAccount = () => `account${++made}@example.com`;
const newAddress = () => `198.18.${++made >> 8}.${made & 255}`;
const newWideNetwork = () => `2001:db8:${(++made).toString(16)}`;

const tryOf = (account: string, address: string, knownDevice?: string): SignInAttempt => ({
  account,
  address,
  knownDevice,
});

describe.each(engines)("limits on %s", (engine) => {
  async function limited(): Promise<void> {
    const { url } = await createMigratedDatabase(engine);
    useEnvironment({ DATABASE_URL: url, RATE_LIMITS: "on" });
  }

  test("one network guesses ten times at an account, a hundred times in all", async () => {
    await limited();
    const [account, address] = [newAccount(), newAddress()];
    expect(await letThrough(Array(40).fill(tryOf(account, address)), countSignIn)).toBe(10);
    const others = times(150, () => tryOf(newAccount(), address));
    // The 40 before count too, even the refused ones.
    expect(await letThrough(others, countSignIn)).toBe(60);
  });

  test("addresses of one /64 count as one, and those of a /48 count together", async () => {
    await limited();
    const wide = newWideNetwork();
    const account = newAccount();
    const same = times(40, (at) => tryOf(account, `${wide}:1::${at}`));
    expect(await letThrough(same, countSignIn)).toBe(10);
    const rotating = times(60, (at) => tryOf(account, `${wide}:${(at + 2).toString(16)}::1`));
    expect(await letThrough(rotating, countSignIn)).toBe(30 - 10);
    const other = newWideNetwork();
    const spraying = times(300, (at) => tryOf(newAccount(), `${other}:${at.toString(16)}::1`));
    expect(await letThrough(spraying, countSignIn)).toBe(200);
  });

  test("under attack from everywhere, each new network still has three tries at an account, and no fourth", async () => {
    await limited();
    const account = newAccount();
    const attack = times(30, newAddress).flatMap((address) =>
      Array(3).fill(tryOf(account, address)),
    );
    expect(await letThrough(attack, countSignIn)).toBe(90);
    const owner = newAddress();
    expect(await letThrough(Array(4).fill(tryOf(account, owner)), countSignIn)).toBe(3);
    const ipv6 = `${newWideNetwork()}:1::1`;
    expect(await letThrough(Array(4).fill(tryOf(account, ipv6)), countSignIn)).toBe(3);
    // And a known browser has all of its own tries.
    const known = tryOf(account, owner, `device${made}`);
    expect(await letThrough(Array(20).fill(known), countSignIn)).toBe(10);
  });

  test("correct sign-ins count too, a quarter as much as wrong ones, on new browsers and on known ones", async () => {
    await limited();
    const [account, address] = [newAccount(), newAddress()];
    const rightly = async (attempt: SignInAttempt) => {
      await countSignIn(attempt);
      await signInWasRight(attempt);
    };
    const through = await letThrough(Array(60).fill(tryOf(account, address)), rightly);
    expect(through).toBe(37);
    const devices = times(500, (at) => tryOf(account, address, `device ${at}`));
    expect(await letThrough(devices, rightly)).toBe(397);
  });

  test("many at once get no more tries than one after another, and tries that were never checked are returned", async () => {
    await limited();
    const attempt = tryOf(newAccount(), newAddress());
    const results = await Promise.allSettled(times(60, () => countSignIn(attempt)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    const other = tryOf(newAccount(), newAddress());
    const none = async () => {
      await countSignIn(other);
      await signInWasNone(other);
    };
    expect(await letThrough(Array(30).fill(other), none)).toBe(30);
  });

  test("sign-ups, recoveries and requests with a token have limits of their own", async () => {
    await limited();
    const wide = newWideNetwork();
    const rotating = times(650, (at) => `${wide}:${(at >> 2).toString(16)}::${at.toString(16)}`);
    expect(await letThrough(rotating, countSignUp)).toBe(600);
    expect(await letThrough(Array(25).fill(newAddress()), countRecovery)).toBe(20);
    expect(await letThrough(Array(650).fill(++made), countTokenRequest)).toBe(600);
    expect(await letThrough([++made], countTokenRequest)).toBe(1);
  });

  test("a mailbox gets ten mails an hour, whoever has them sent and from wherever", async () => {
    await limited();
    const [one, other] = [newAccount(), newAccount()];
    const from = times(30, newAddress);
    expect(await letThrough(from, (address) => countMailTo(one, address))).toBe(10);
    expect(await letThrough(from.slice(0, 3), (address) => countMailTo(other, address))).toBe(3);
  });

  test("RATE_LIMITS=off lifts them all", async () => {
    const { url } = await createMigratedDatabase(engine);
    useEnvironment({ DATABASE_URL: url, RATE_LIMITS: "off" });
    const attempt = tryOf(newAccount(), newAddress());
    expect(await letThrough(Array(40).fill(attempt), countSignIn)).toBe(40);
    expect(await letThrough(Array(400).fill(attempt.address), countSignUp)).toBe(400);
  });

  test("the answer says how long to wait", async () => {
    await limited();
    const counter = new Counter(`wait${engine}`, { points: 1, seconds: 90 });
    await counter.spend("a");
    const refused = await counter.spend("a").catch((error: unknown) => error);
    expect((refused as TooManyAttemptsError).retryAfter).toBeGreaterThan(80);
    expect((refused as TooManyAttemptsError).retryAfter).toBeLessThanOrEqual(90);
  });

  test("22,000 refused emails leave the memory as it is", async () => {
    await limited();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed / 2 ** 20;
    };
    const counter = new Counter(`many${engine}`, { points: 1, seconds: 900 });
    const flood = async (from: number, to: number) => {
      for (let at = from; at < to; at += 50) {
        await Promise.all(times(50, (i) => counter.spend(`email${at + i}@example.com`)));
      }
    };
    const before = heap();
    await flood(0, 6_000);
    const filled = heap();
    await flood(6_000, engine === "sqlite" ? 44_000 : 12_000);
    expect(filled - before).toBeLessThan(6);
    expect(heap() - filled).toBeLessThan(1.5);
  });
});

describe("the shared counts", () => {
  test("do not reveal who was counted, and are deleted when their time is over", async () => {
    const { url } = await createMigratedDatabase("postgres");
    useEnvironment({ DATABASE_URL: url, RATE_LIMITS: "on" });
    await countSignIn(tryOf("ann@example.com", "203.0.113.77"));
    const rows = await database()("rate_limits").select("key", "points");
    expect(rows).toHaveLength(3);
    expect(JSON.stringify(rows)).not.toMatch(/ann|203/);
    await clearCounts(database());
    expect(await database()("rate_limits").select("key")).toHaveLength(3);
    await clearCounts(database(), Date.now() + 16 * 60 * 1000);
    expect(await database()("rate_limits").select("key")).toEqual([]);
  });

  test("are each process's own while the table is held, after half a second and no more", async () => {
    const { url } = await createMigratedDatabase("postgres");
    useEnvironment({ DATABASE_URL: url, RATE_LIMITS: "on" });
    const holder = openDatabase(url);
    await holder.transaction(async (transaction) => {
      await transaction.raw("lock table rate_limits in access exclusive mode");
      const began = performance.now();
      const account = newAccount();
      const address = newAddress();
      expect(await letThrough(Array(20).fill(tryOf(account, address)), countSignIn)).toBe(10);
      // One wait of half a second; without the pause there would be three for each try.
      expect(performance.now() - began).toBeLessThan(5_000);
    });
  });

  test("are each process's own if no database answers", async () => {
    useEnvironment({
      DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
      RATE_LIMITS: "on",
    });
    const attempt = tryOf(newAccount(), newAddress());
    expect(await letThrough(Array(20).fill(attempt), countSignIn)).toBe(10);
  });
});

import { hash as makeHash, verify } from "@node-rs/argon2";
import { afterEach, describe, expect, test, vi } from "vitest";
import { signIn, signUp } from "#app/domain/companies.server.ts";
import {
  hashPassword,
  inTurn,
  PasswordsBusyError,
  verifyPassword,
} from "#app/domain/passwords.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import {
  createTestDatabase,
  describeEachEngine,
  engines,
  openDatabase,
} from "../support/databases.ts";
import { addLegacyRows, createLegacyTables } from "../support/legacy.ts";

// The real functions, with their calls counted.
vi.mock(import("@node-rs/argon2"), async (original) => {
  const argon2 = await original();
  return { ...argon2, verify: vi.fn(argon2.verify) };
});
afterEach(() => vi.mocked(verify).mockClear());

const password = "Grüße, Béal an Átha! 42";

// Made with Python's hashlib and libxcrypt, so that the code under test does not decide what is
// right.
const oldHashes = {
  "salted SHA-256":
    "5f2b8c0d9e1a4b7c3d6e8f9012345678:9877b5c83dd5303dbaa90afdd49f08c73d5eb21e2c63febef050ea997c183a05",
  bcrypt: "bcrypt:$2b$12$r6HuF6D9rHdgRcpSP5kSHu/nddLevy4N9GWmveS2sS7I89vZPDLSu",
  PBKDF2:
    "pbkdf2:63479ad69a090b258277ec8fba6f99419a2ffb248981510657c944ccd1148e97:600000:e52975bcd29f31d049c404501d77b924b8966e169dcae62d4c4d54b7745ccab0",
};

const argon2id = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

for (const engine of engines) {
  async function openAdopted(passwordHash: string) {
    const { url } = await createTestDatabase(engine);
    const db = openDatabase(url, { statementTimeout: 0 });
    await createLegacyTables(db);
    await addLegacyRows(db);
    await db("companies").where({ id: 1 }).update({ password_hash: passwordHash });
    await migrateToLatest(db);
    const stored = async () =>
      (await db("companies").where({ id: 1 }).first<{ password_hash: string }>("password_hash"))
        .password_hash;
    return { db, stored };
  }

  describe(`passwords of the old system (${engine})`, () => {
    for (const [kind, oldHash] of Object.entries(oldHashes)) {
      test(`a ${kind} hash opens the account, and is then replaced by Argon2id`, async () => {
        const { db, stored } = await openAdopted(oldHash);
        const [before] = await db("companies").where({ id: 1 });
        const proven = await signIn(db, " aoife@BYRNE.example ", password);
        expect(proven).toMatchObject({ company: { id: 1, ownerName: "Aoife Byrne" } });

        const replaced = await stored();
        expect(replaced).toMatch(argon2id);
        expect(await db("companies").where({ id: 1 })).toEqual([
          { ...before, password_hash: replaced },
        ]);
        expect(proven).toMatchObject({ passwordHash: replaced });
        expect(await signIn(db, "aoife@byrne.example", password)).toEqual(proven);
        expect(await stored()).toBe(replaced);
        expect(await signIn(db, "aoife@byrne.example", `${password} `)).toBeUndefined();
      });

      test(`a wrong password does not open an account with a ${kind} hash, which stays as it is`, async () => {
        const { db, stored } = await openAdopted(oldHash);
        for (const wrong of ["", "password", password.toLowerCase()]) {
          expect(await signIn(db, "aoife@byrne.example", wrong)).toBeUndefined();
        }
        expect(await stored()).toBe(oldHash);
      });
    }

    test("a hash of no known kind signs nobody in, and stays as it is", async () => {
      const { db, stored } = await openAdopted("unset");
      const [salt = "", sha256 = ""] = oldHashes["salted SHA-256"].split(":");
      for (const unknown of [
        password,
        "",
        "bcrypt:",
        "$argon2id$v=19$m=19456,t=2,p=1$abc",
        "pbkdf2:63479ad69a090b258277ec8fba6f99419a2ffb248981510657c944ccd1148e97:0:e52975bcd29f31d049c404501d77b924b8966e169dcae62d4c4d54b7745ccab0",
        "pbkdf2:63479ad69a090b258277ec8fba6f99419a2ffb248981510657c944ccd1148e97:600000:e529",
        `${salt}:`,
        `${salt}:${sha256.slice(2)}`,
        `sha1:${salt}:${sha256}`,
        oldHashes.PBKDF2.replace("600000", "599999"),
      ]) {
        await db("companies").where({ id: 1 }).update({ password_hash: unknown });
        expect(await signIn(db, "aoife@byrne.example", password), unknown).toBeUndefined();
        expect(await stored()).toBe(unknown);
      }
    });
  });
}

describeEachEngine("passwords", (_engine, open) => {
  test("a new account's password is kept as Argon2id, each with a salt of its own", async () => {
    const db = await open();
    for (const email of ["one@new.example", "two@new.example"]) {
      await signUp(db, {
        company_name: "New",
        owner_name: "Newcomer",
        phone: null,
        email,
        password,
      });
    }
    const [one, two] = (await db("companies").pluck("password_hash")) as string[];
    expect(one).toMatch(argon2id);
    expect(two).toMatch(argon2id);
    expect(one).not.toBe(two);
    expect(await signIn(db, "one@new.example", password)).toBeDefined();
    expect(await signIn(db, "one@new.example", "another")).toBeUndefined();
    expect(await signIn(db, "nobody@new.example", password)).toBeUndefined();
  });
});

describe("every check costs one Argon2, so that its time reveals neither an old hash nor a missing account", () => {
  const cut = "$argon2id$v=19$m=19456,t=2,p=1$abc";
  test.each(Object.entries({ ...oldHashes, none: undefined, "hash of no kind": "unset", cut }))(
    "%s",
    async (_kind, stored) => {
      expect(await verifyPassword("not the password", stored)).toBe("wrong");
      const done = vi.mocked(verify).mock.calls.filter(([hash]) => hash !== cut);
      expect(done.map(([hash]) => String(hash).split("$").slice(1, 4))).toEqual([
        ["argon2id", "v=19", "m=19456,t=2,p=1"],
      ]);
    },
  );

  test("Argon2id", async () => {
    const stored = await hashPassword(password);
    expect(await verifyPassword("not the password", stored)).toBe("wrong");
    expect(vi.mocked(verify).mock.calls).toEqual([[stored, "not the password"]]);
  });

  test("two, for every account alike, if what is typed is not in NFKC", async () => {
    const stored = [undefined, ...Object.values(oldHashes), await hashPassword(password)];
    for (const hash of stored) {
      vi.mocked(verify).mockClear();
      expect(await verifyPassword("ﬁnd me", hash)).toBe("wrong");
      expect(verify).toHaveBeenCalledTimes(2);
    }
  });
});

describe("a password typed on another system", () => {
  const composed = password.normalize("NFC");
  const decomposed = password.normalize("NFD");
  test.each([
    ["composed, then decomposed", composed, decomposed],
    ["decomposed, then composed", decomposed, composed],
    ["in full width, then not", "ｌｏｎｇ evening", "long evening"],
  ])("%s", async (_name, first, second) => {
    expect(first).not.toBe(second);
    const stored = await hashPassword(first);
    expect(await verifyPassword(second, stored)).toBe("right");
    expect(await verifyPassword(first, stored)).toBe("right");
  });

  test("opens the hashes of the old system", async () => {
    for (const [kind, stored] of Object.entries(oldHashes)) {
      expect(await verifyPassword(decomposed, stored), kind).toBe("right-but-old-hash");
    }
  });

  test("opens a hash made from it as typed, which then counts as old", async () => {
    for (const typed of [decomposed, "ﬁnd me"]) {
      const stored = await makeHash(typed);
      expect(await verifyPassword(typed, stored)).toBe("right-but-old-hash");
    }
  });
});

test("a missing account counts as a wrong password, never as an old hash", async () => {
  expect(await verifyPassword(password, undefined)).toBe("wrong");
  expect(await verifyPassword("nobody signs in with this", undefined)).toBe("wrong");
});

test("while 18 passwords are being checked the next is refused at once, and later ones are accepted again", async () => {
  let done = 0;
  const checks = Array.from({ length: 18 }, () => hashPassword(password).finally(() => done++));
  await expect(hashPassword(password)).rejects.toThrow(PasswordsBusyError);
  expect(done).toBe(0);
  await Promise.allSettled(checks);
  expect(await hashPassword(password)).toMatch(argon2id);
});

test("60 sign-ins to one account delay another account's only by those already being checked", async () => {
  const stored = await hashPassword(password);
  // When each begins, since which of two is done first depends on the machine.
  const begun: string[] = [];
  const checked = (name: string, ...lanes: string[]) =>
    inTurn(lanes, () => {
      begun.push(name);
      return verifyPassword(password, stored);
    });
  const flood = Array.from({ length: 60 }, () =>
    checked("flood", "ann@example.com", "203.0.113.1"),
  );
  const other = checked("other", "bob@example.com", "198.51.100.1");
  const results = await Promise.allSettled([...flood, other]);
  // Two were at work when it came.
  expect(begun.indexOf("other")).toBeGreaterThanOrEqual(0);
  expect(begun.indexOf("other")).toBeLessThanOrEqual(3);
  expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThanOrEqual(43);
});

import { verify } from "@node-rs/argon2";
import type { Knex } from "knex";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isGuessable, signIn, signUp, signUpFields } from "#app/domain/companies.server.ts";
import { hashPassword, PasswordsBusyError } from "#app/domain/passwords.server.ts";
import { describeEachEngine } from "../support/databases.ts";

// The real thing, counted.
vi.mock(import("@node-rs/argon2"), async (original) => {
  const argon2 = await original();
  return { ...argon2, verify: vi.fn(argon2.verify) };
});
afterEach(() => vi.mocked(verify).mockClear());

const ann = signUpFields.parse({
  company_name: "  Ring & Sons ",
  owner_name: "Ann Ring",
  email: " Ann@Example.com ",
  password: "a long quiet evening",
  phone: "+353 86 123 4567",
});

describeEachEngine("companies", (_engine, open) => {
  let db: Knex;
  beforeEach(async () => {
    db = await open();
  });

  test("a company signs up, and signs in with its email however it is typed", async () => {
    const result = await signUp(db, ann);
    expect(result).toEqual({
      outcome: "signed-up",
      company: {
        id: expect.any(Number) as number,
        companyName: "Ring & Sons",
        ownerName: "Ann Ring",
        email: "ann@example.com",
        phone: "+353861234567",
        phoneNumber: null,
        assignedAt: null,
      },
    });
    const company = result.outcome === "signed-up" && result.company;
    for (const email of ["ann@example.com", " ANN@example.COM "]) {
      expect(await signIn(db, email, ann.password)).toEqual(company);
    }
  });

  test("the same email a second time is taken, and the first account stays", async () => {
    await signUp(db, ann);
    expect(await signUp(db, { ...ann, password: "somebody else's words" })).toEqual({
      outcome: "email-taken",
    });
    expect(await signIn(db, ann.email, "somebody else's words")).toBeUndefined();
    expect(await signIn(db, ann.email, ann.password)).toBeDefined();
  });

  test("an account that an older system kept in mixed case is found, and its email taken", async () => {
    await db("companies").insert({
      company_name: "Old",
      owner_name: "Old",
      email: "Ann@Example.com",
      password_hash: await hashPassword("the words of old"),
    });
    expect(await signIn(db, "ann@example.com", "the words of old")).toMatchObject({
      companyName: "Old",
    });
    expect(await signUp(db, ann)).toEqual({ outcome: "email-taken" });
  });

  test("an unknown email costs one hash, as a wrong password does", async () => {
    await signUp(db, ann);
    await signIn(db, ann.email, "not the password");
    expect(verify).toHaveBeenCalledTimes(1);
    await signIn(db, "nobody@example.com", "not the password");
    expect(verify).toHaveBeenCalledTimes(2);
    const [known, unknown] = vi
      .mocked(verify)
      .mock.calls.map(([stored]) => String(stored).split("$").slice(1, 4));
    expect(unknown).toEqual(known);
  });

  test("the hash of nobody's password opens nothing", async () => {
    expect(await signIn(db, "nobody@example.com", "nobody signs in with this")).toBeUndefined();
  });
});

describe("what a sign-up may hold", () => {
  const problems = (fields: Record<string, unknown>) => {
    const result = signUpFields.safeParse({ ...ann, ...fields });
    return result.success ? [] : result.error.issues.map(({ path }) => String(path[0]));
  };

  test.each([
    "ann@example.com",
    "ann+ring@sub.example.co.uk",
    "o'brien@example.ie",
    "ünï@exämple.com",
  ])("%s is an email", (email) => {
    expect(problems({ email })).toEqual([]);
  });

  test.each([
    "ann",
    "ann@",
    "@example.com",
    "a b@example.com",
    "a@b",
    "a@b.",
    "a@@b.com",
    "<a@b.com>",
    "a@b.com,c@d.com",
  ])("%s is none", (email) => {
    expect(problems({ email })).toEqual(["email"]);
  });

  test.each(["\u202Eevil", "a\u200Bb", "a\r\nb", "a\u0000", "\u2028"])(
    "invisible and control characters are refused in names: %j",
    (text) => {
      expect(problems({ company_name: `x${text}x` })).toEqual(["company_name"]);
    },
  );

  test("passwords are taken as they are: spaces, emoji, 256 characters", () => {
    for (const password of ["  spaces around  ", "🔔🔔🔔🔔ring", "é".repeat(256)]) {
      const result = signUpFields.parse({ ...ann, password });
      expect(result.password).toBe(password);
    }
  });

  test("common passwords and the company's own names are guessable", () => {
    for (const password of ["password", "PASSWORD1", "12345678", "qwertyuiop"]) {
      expect(isGuessable(password, "Acme", "a@b.com")).toBe(true);
    }
    expect(isGuessable("ring & sons", "Ring & Sons", "a@b.com")).toBe(true);
    expect(isGuessable("ann@ring.com", "x", "ann@ring.com")).toBe(true);
    expect(isGuessable("correct horse", "x", "a@b.com")).toBe(false);
  });
});

test("more sign-ins than can be checked soon are turned away, the others are served", async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 60 }, () => hashPassword("a long quiet evening")),
  );
  const refused = results.filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(28);
  for (const result of refused) {
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(PasswordsBusyError);
  }
  expect(await hashPassword("and then it works again")).toMatch(/^\$argon2id/);
});

import { verify } from "@node-rs/argon2";
import type { Knex } from "knex";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { signIn, signUp, signUpFields } from "#app/domain/companies.server.ts";
import { isKnownDevice } from "#app/domain/devices.server.ts";
import { isGuessable } from "#app/domain/new-passwords.server.ts";
import { hashPassword, PasswordsBusyError } from "#app/domain/passwords.server.ts";
import { describeEachEngine } from "../support/databases.ts";

// The real functions, with their calls counted.
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
      passwordHash: expect.stringMatching(/^\$argon2id\$/) as string,
      company: {
        id: expect.any(Number) as number,
        companyName: "Ring & Sons",
        ownerName: "Ann Ring",
        email: "ann@example.com",
        phone: "+353861234567",
        phoneNumber: null,
        assignedAt: null,
        timeZone: "Europe/Dublin",
      },
    });
    const company = result.outcome === "signed-up" && result.company;
    for (const email of ["ann@example.com", " ANN@example.COM "]) {
      expect(await signIn(db, email, ann.password)).toMatchObject({ company });
    }
  });

  test("an email is the same composed or decomposed, and with invisible marks around it", async () => {
    const email = "Zoë.Ó@exämple.ie";
    const fields = signUpFields.parse({ ...ann, email: email.normalize("NFD") });
    expect(fields.email).toBe("zoë.ó@exämple.ie".normalize("NFC"));
    await signUp(db, fields);
    for (const typed of [
      email.normalize("NFC"),
      email.normalize("NFD"),
      `\u202A${email.normalize("NFD").toUpperCase()}\u202C \u200B`,
    ]) {
      expect(await signIn(db, typed, ann.password), typed).toBeDefined();
    }
    expect(await signUp(db, signUpFields.parse({ ...ann, email }))).toEqual({
      outcome: "email-taken",
    });
  });

  test("an email with NUL or half a character in it is nobody's", async () => {
    await signUp(db, ann);
    for (const email of ["\0", "ann@example.com\0", "ann\0@example.com", "\uD800@example.com"]) {
      expect(await signIn(db, email, ann.password)).toBeUndefined();
      expect(await isKnownDevice(db, email, { device: "\0", proof: "\0" })).toBe(false);
    }
    expect(await signIn(db, ann.email, `${ann.password}\0`)).toBeUndefined();
  });

  test("signing up again with the same email is refused, and the first account stays", async () => {
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
      company: { companyName: "Old" },
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
    "a\u200Db@example.com",
    "a@exa\u200Emple.com",
    "a@b.com,c@d.com",
  ])("%s is not an email", (email) => {
    expect(problems({ email })).toEqual(["email"]);
  });

  test.each(["\u202Eevil", "a\u200Bb", "a\r\nb", "a\u0000", "\u2028"])(
    "invisible and control characters are refused in names: %j",
    (text) => {
      expect(problems({ company_name: `x${text}x` })).toEqual(["company_name"]);
    },
  );

  test("passwords are taken as they are: spaces, emoji, 256 characters", () => {
    for (const password of ["  spaces around  ", "🔔🔔🔔🔔ring", `${"é".repeat(255)}e`]) {
      const result = signUpFields.parse({ ...ann, password });
      expect(result.password).toBe(password);
    }
  });

  test("eight characters are what people count as eight", () => {
    expect(problems({ password: "🔔🔕🔔🔕🔔🔕🔔" })).toEqual(["password"]);
    expect(problems({ password: "🔔🔕🔔🔕🔔🔕🔔🔕" })).toEqual([]);
    expect(problems({ password: "🔔🔕".repeat(128) })).toEqual([]);
    expect(problems({ password: "🔔🔕".repeat(129) })).toEqual(["password"]);
  });

  test.each([
    "password",
    "PASSWORD1",
    "12345678",
    "1234-5678",
    "ｑｗｅｒｔｙｕｉｏｐ",
    "        ",
    "\u3000\u3000\u3000\u3000\u3000\u3000\u3000\u3000",
    "aaaaaaaa",
    "aAaAaAaA",
    "--------",
    "🔔🔔🔔🔔🔔🔔🔔🔔",
    "Béal & Söhne",
    "beal & sohne",
    "beal-sohne",
    "BEAL_SOHNE",
    "bealsohne",
    "Be\u0301al  So\u0308hne",
    "Ann O'Ring-Byrne",
    "ann oringbyrne",
    "ann.o.ring.byrne",
    "ann.ring@example.com",
    "Ann_Ring@Example_com",
    "annring!",
  ])("%j is guessable", (password) => {
    const names = ["Béal & Söhne", "Ann O’Ring Byrne", "ann.ring@example.com"];
    expect(isGuessable(password, names)).toBe(true);
  });

  test("other words are not guessable, and a name without letters is itself alone", () => {
    expect(isGuessable("correct horse", ["x", "Ann", "a@b.com"])).toBe(false);
    expect(isGuessable("!?!?!?!?", ["???", "Ann", "a@b.com"])).toBe(false);
    expect(isGuessable("!?!?!?!?", ["!?!?!?!?", "Ann", "a@b.com"])).toBe(true);
  });

  test("a guessable password is reported together with what else is wrong", () => {
    expect(problems({ email: "none", password: "ann-ring" })).toEqual(["email", "password"]);
    expect(problems({ company_name: 1, password: "aaaaaaaa" })).toEqual([
      "company_name",
      "password",
    ]);
    expect(problems({ phone: "1", password: "ring-and-sons, " })).toEqual(["phone"]);
  });
});

describe("what a company and its owner call themselves", () => {
  const named = (company_name: string) => {
    const result = signUpFields.safeParse({ ...ann, company_name });
    return result.success ? result.data.company_name : undefined;
  };

  test.each([
    "می\u200Cخواهم",
    "Team 👩\u200D💻",
    "Love ❤\uFE0F",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} Inn",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "שלום\u200F C++\u200E Ltd",
    "क्\u200Dष",
    "ত্\u200D",
    "ه\u200D",
    "\u0600١٢",
  ])("%j stays as it is typed", (name) => {
    expect(named(name)).toBe(name.normalize("NFC"));
  });

  test.each([
    ["\u200Fשלום", "שלום"],
    ["\uFEFFRing & Sons\u200B", "Ring & Sons"],
    ["\u202A Ring \u202C", "Ring"],
    ["\u2068Ring\u2069", "Ring"],
    ["\u200DRing\u200D \u00AD\u2060", "Ring"],
    ["\u3164Ring\u2800", "Ring"],
    ["Be\u0301al", "Béal"],
  ])("stray marks at the ends of %j are dropped", (name, kept) => {
    expect(named(name)).toBe(kept);
  });

  test.each(["\u200F", "\u200B \uFEFF", "\u3164\u3164", "\u2800"])("%j is not a name", (name) => {
    expect(named(name)).toBeUndefined();
  });

  test.each([
    "a\u202Ecba",
    "a\u2066b",
    "a\u200Bb",
    "a\u00ADb",
    "a\u2060b",
    "a\u0000b",
    "a\u001B[31mb",
    "a\nb",
    "a\u2028b",
    "a\uD800b",
    "a\uFFF9b",
    "a\u{E0041}b",
    "a\u3164b",
  ])("marks that could forge what people read are refused: %j", (name) => {
    expect(named(name)).toBeUndefined();
  });

  test("a long run of spaces takes no time", () => {
    const began = performance.now();
    expect(named(`a${" ".repeat(16_000)}b`)).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(200);
  });
});

test("more sign-ins than can be checked soon are turned away, the others are served", async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 60 }, () => hashPassword("a long quiet evening")),
  );
  const refused = results.filter(({ status }) => status === "rejected");
  // Two are checked at a time, and sixteen wait.
  expect(refused).toHaveLength(42);
  for (const result of refused) {
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(PasswordsBusyError);
  }
  expect(await hashPassword("and then it works again")).toMatch(/^\$argon2id/);
});

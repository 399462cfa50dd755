import fc from "fast-check";
import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { listAvailable, type AvailableQuery } from "#app/domain/available-numbers.server.ts";
import { numberFacts, numberKinds } from "#app/domain/number-facts.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { findOutFacts } from "#app/domain/pool-facts.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";

/**
 * A pool of several countries and kinds, with short and long numbers, not in the order of their
 * digits.
 */
const pool = [
  ...Array.from(
    { length: 60 },
    (_, i) => `+35386${String((i * 1_234_577) % 10_000_000).padStart(7, "0")}`,
  ),
  ...Array.from(
    { length: 40 },
    (_, i) => `+447${String(400_000_000 + ((i * 77_711_113) % 99_999_999))}`,
  ),
  ...Array.from(
    { length: 30 },
    (_, i) => `+1${["212", "416", "800"][i % 3]!}555${String(1000 + i * 111)}`,
  ),
  ...Array.from({ length: 10 }, (_, i) => `+3531${String(2_000_000 + i * 77_777)}`),
  "+353861212121",
  "+353867777777",
  "+353870000111",
  "+4420111122229",
  "+35386123321",
  "+4930123456789",
  "+80012345678",
  "+15",
  "+353",
  "+4486",
  "+35386",
];

/**
 * Whether what somebody typed finds a number: by its digits, or by those that it stands for when
 * dialled.
 */
function isMeant(typed: string, digits: string): boolean {
  if (typed.startsWith("+")) return digits.startsWith(typed.slice(1));
  const [, zeros = "", rest = ""] = /^(0*)(.*)$/.exec(typed) ?? [];
  return (
    digits.includes(typed) ||
    (zeros === "00" && rest !== "" && digits.startsWith(rest)) ||
    (zeros === "0" && rest.length > 1 && [2, 3].some((code) => digits.startsWith(rest, code)))
  );
}

/** The numbers of the pool that match a filter, found without any index. */
function leftBy(filter: Omit<AvailableQuery, "limit">): string[] {
  return pool.filter((number) => {
    const digits = number.slice(1);
    const { country, kind, memorable } = numberFacts(number);
    return (
      digits.includes(filter.contains ?? "") &&
      isMeant(filter.search ?? "", digits) &&
      digits.startsWith(filter.starts ?? "") &&
      digits.endsWith(filter.ends ?? "") &&
      (filter.country === undefined || country === filter.country) &&
      (filter.kind === undefined ||
        kind === filter.kind ||
        (filter.kind === "mobile" && kind === "geographic-or-mobile")) &&
      (!filter.memorable || memorable)
    );
  });
}

const someDigits = fc.oneof(
  fc.constantFrom("7777", "77777", "67777777", "1111", "11112222", "0000", "9999"),
  fc.stringMatching(/^\d{1,4}$/),
  fc
    .tuple(fc.constantFrom(...pool), fc.nat(12), fc.integer({ min: 1, max: 9 }))
    .map(([number, from, length]) => number.slice(1).slice(from, from + length) || "8"),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const filters = fc.record({
  contains: maybe(someDigits),
  starts: maybe(fc.constantFrom("3", "35", "353", "3538", "1", "1416", "44", "999")),
  ends: maybe(someDigits),
  search: maybe(
    fc.oneof(
      fc.constantFrom(
        "+353",
        "+1416555",
        "086",
        "07",
        "0861",
        "08612121",
        "00353861",
        "0044",
        "041",
      ),
      someDigits.filter((digits) => digits.length > 1),
    ),
  ),
  country: maybe(fc.constantFrom("IE", "GB", "US", "CA", "DE", "FR")),
  kind: maybe(fc.constantFrom(...numberKinds)),
  memorable: maybe(fc.boolean()),
});

const reaches = fc.constantFrom(1, 2, 256);
const walks = fc.constantFrom(0, 5, 40, undefined);

describe.each(engines)("a search on %s", (engine) => {
  let db: Knex;
  beforeAll(async () => {
    db = openDatabase((await createMigratedDatabase(engine)).url);
    await addToPool(db, pool.slice(0, 100));
    // A number added by plain SQL is found by its digits at once, and by its facts once they have
    // been worked out.
    await db("twilio_phone_numbers").insert(
      pool.slice(100).map((phone_number) => ({ phone_number })),
    );
    // Shelves of a few numbers, so that there are several.
    if (engine === "postgres") await db.raw("update numbers_on_offer set shelf = id / 20");
    expect(await all({ contains: "4930123456789" })).toEqual(["+4930123456789"]);
    while ((await findOutFacts(db, 7)) > 0);
  });

  /** All pages of a list. */
  async function all(query: Partial<AvailableQuery>): Promise<string[]> {
    const numbers: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listAvailable(db, { limit: 7, ...query, cursor });
      if (!page.ok) throw new Error(page.invalid);
      numbers.push(...page.numbers.map(({ phoneNumber }) => phoneNumber));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return numbers;
  }

  test("finds exactly what matches, in the pool's order, for any combination of filters and pages", async () => {
    await fc.assert(
      fc.asyncProperty(filters, reaches, walks, async (filter, reach, walk) => {
        const expected = leftBy(filter);
        expect(await all({ ...filter, reach, walk })).toEqual(expected);
        const { contains, starts, ends, search } = filter;
        const hasDigits = /\d/.test([contains, starts, ends, search].join(""));
        expect((await surveyOffer(db, filter)).matching).toBe(
          hasDigits ? undefined : expected.length,
        );
      }),
      { numRuns: 80, seed: 7 },
    );
  });

  test("a list that begins in the middle wraps round to there, and has each number once", async () => {
    await fc.assert(
      fc.asyncProperty(filters, fc.nat(1_000), walks, async (filter, visitor, walk) => {
        const expected = leftBy(filter);
        const { from } = await surveyOffer(db, filter, `visitor ${visitor}`);
        expect(from).toBeDefined();
        const round = await all({ ...filter, from, reach: 3, walk });
        const start = expected.indexOf(round[0] ?? "");
        expect(round).toEqual([...expected.slice(start), ...expected.slice(0, Math.max(start, 0))]);
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  test("the shortest numbers are found as dialled at home", async () => {
    const found = await all({ search: "086", walk: 0 });
    expect(found).toEqual(leftBy({ search: "086" }));
    expect(found.slice(-2)).toEqual(["+4486", "+35386"]);
  });

  test("searches that need different statements give them different names", async () => {
    const others = [{ starts: "353" }, { ends: "0000" }, { ends: "7" }, { search: "353" }];
    for (const other of others) {
      const query = { contains: "3538", walk: 0, ...other };
      expect(await all(query)).toEqual(leftBy(query));
    }
  });

  test("a page may be short or empty, and says where to continue", async () => {
    if (engine === "sqlite") return;
    const page = await listAvailable(db, {
      limit: 5,
      contains: "4930123456789",
      reach: 2,
      walk: 5,
    });
    expect(page).toMatchObject({ ok: true, numbers: [], nextCursor: expect.any(String) });
    expect(await all({ contains: "4930123456789", reach: 1, walk: 0 })).toEqual(["+4930123456789"]);
  });
});

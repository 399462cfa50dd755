import { expect, test } from "vitest";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { down, up } from "../../migrations/20261125100040_order_of_the_offer.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";

test("a pool on small shelves moves to large ones, once, and an earlier cursor still works", async () => {
  const db = openDatabase((await createMigratedDatabase("postgres")).url);
  const numbers = someNumbers(40);
  await down(db);
  await addToPool(db, numbers);
  // As if there were 8,192 on each shelf of four.
  await db.raw("update numbers_on_offer set shelf = (id - 1) / 4");
  await db.raw("select setval('numbers_on_offer_place', 9 * 8192)");
  const page = async (cursor?: string) => {
    const found = await listAvailable(db, { limit: 13, contains: "8600", cursor, walk: 0 });
    if (!found.ok) throw new Error(found.invalid);
    return found;
  };
  const first = await page();
  // A place in the form of the program that had those shelves.
  const place = JSON.parse(Buffer.from(first.nextCursor!, "base64url").toString()) as unknown[];
  expect(place.slice(2)).toEqual([3, 0, 15]);
  const cursor = Buffer.from(JSON.stringify(place.slice(0, 4))).toString("base64url");

  await db.transaction(up);
  const shelves = () => db("numbers_on_offer").distinct("shelf").pluck("shelf");
  expect(new Set(await shelves())).toEqual(new Set([0, 1, 2]));
  const shown = [...first.numbers, ...(await page(cursor)).numbers];
  expect(shown.map(({ phoneNumber }) => phoneNumber)).toEqual(numbers.slice(0, 26));

  await down(db);
  await db.transaction(up);
  expect(new Set(await shelves())).toEqual(new Set([0, 1, 2]));
});

test("a list that began in the middle ends there, though a later shelf has earlier numbers", async () => {
  const db = openDatabase((await createMigratedDatabase("postgres")).url);
  const numbers = someNumbers(7);
  await addToPool(db, numbers);
  // As where transactions overlapped: the second shelf is of half an hour before.
  await db.raw(`update numbers_on_offer set shelf = case when id < 6 then 1 else 2 end,
                  entered_at = timestamp '2026-01-01 12:00:00' + case when id < 6 then id else id - 1800 end * interval '1 second'`);
  const from = { at: "2026-01-01 12:00:05", id: 5, shelf: 1 };
  const shown: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listAvailable(db, { limit: 3, contains: "86", from, cursor, walk: 3 });
    if (!page.ok) throw new Error(page.invalid);
    shown.push(...page.numbers.map(({ phoneNumber }) => phoneNumber));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(shown).toEqual([...numbers.slice(4), ...numbers.slice(0, 4)]);
});

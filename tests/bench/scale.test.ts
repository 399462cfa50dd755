import { expect, test } from "vitest";
import { examineOffer } from "#app/doctor/offer.server.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { poolStatus } from "#app/domain/pool.server.ts";
import { missing } from "#app/domain/rules/rules.server.ts";
import { bounds, growthTable, GrowthFigures } from "../../bench/scale/figures.ts";
import { fillScale } from "../../bench/scale/fill.ts";
import { createTestDatabase, engines, openDatabase } from "../support/databases.ts";

test.each(engines)("what the bench fills by plain SQL is sound on %s", async (engine) => {
  const { url } = await createTestDatabase(engine);
  const { takes, takers, late } = await fillScale(url, 1_000, 3);
  const db = openDatabase(url);
  expect(await findDamage(db)).toEqual([]);
  expect(await examineOffer(db)).toEqual([]);
  expect(await missing(db)).toEqual([]);
  expect(await poolStatus(db)).toMatchObject({ assigned: 144, companiesWaiting: 62 });
  expect([takes.length, takers.length]).toEqual([3, 3]);
  // So that a page of the smallest pool shows as many as one of the largest.
  const rare = await listAvailable(db, { limit: 30, search: "353", country: "US" });
  const rarest = { country: "US", contains: "45", kind: "mobile", memorable: true } as const;
  for (const page of [rare, await listAvailable(db, { limit: 10, ...rarest })]) {
    expect(page).toMatchObject({ nextCursor: expect.any(String) });
  }
  expect(late).not.toBe("");
});

test("growth is reported with its bound", () => {
  const figures = new GrowthFigures();
  const page = { name: "picker", unit: "ms", isRatio: true } as const;
  for (const [size, value] of [
    [1_000, 4],
    [1_000, 5],
    [1_000_000, 6],
  ] as const) {
    figures.add(page, "postgres", size, value);
    figures.add(page, "sqlite", size, value);
  }
  figures.add({ name: "doctor", unit: "s", most: 3 }, "sqlite", 1_000_000, 2);
  const sizes = [1_000, 1_000_000];
  expect(growthTable(figures.all, sizes)).toContain(
    "| picker, ms | 4.00 | 6.00 | 1.50 | 4.00 | 6.00 | 1.50 |\n| doctor, s |  |  |  |  | 2.00 |  |\n",
  );
  expect(bounds(figures.all, sizes)).toBe(
    "2 of 3 bounds hold.\nDoes not hold: picker, PostgreSQL: 1.50 times, at most 1.25.\n",
  );
});

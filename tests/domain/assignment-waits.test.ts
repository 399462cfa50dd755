import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompanies } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";

test("the first assignment of a connection to SQLite waits for whoever else is writing", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const db = openDatabase(url);
  const [number] = await fillPool(db, 1);
  const [company] = await insertCompanies(db, 1);
  let hasWritten = () => {};
  const written = new Promise<void>((resolve) => (hasWritten = resolve));
  const writing = db.transaction(async (other) => {
    await other("companies").where({ id: company }).update({ owner_name: "Bea" });
    hasWritten();
    await setTimeout(300);
  });
  await written;
  const assignment = await assignPhoneNumber(openDatabase(url), company!, number);
  expect(assignment).toMatchObject({ outcome: "assigned", phoneNumber: number });
  await writing;
});

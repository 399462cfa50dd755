import { describe, expect, test } from "vitest";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { signIn, signUp } from "#app/domain/companies.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { engines } from "../support/databases.ts";
import { addLegacyRows, openLegacyDatabase } from "../support/legacy.ts";

const password = "correct horse battery";

describe.each(engines)("emails of adopted companies (%s)", (engine) => {
  test.each([
    ["ÉMILE@Kelly.example", "émile@kelly.example"],
    ["E\u0301MILE@Kelly.example", "Émile@kelly.example"],
    ["  pad@kelly.example ", "pad@kelly.example"],
    ["\tŁÓDŹ@kelly.example\n", "łódź@kelly.example"],
    ["ΑΒΓ@kelly.example", "αβγ@kelly.example"],
  ])("%j signs in, and nobody else can sign up with it", async (written, folded) => {
    const db = await openLegacyDatabase(engine);
    await addLegacyRows(db);
    const company = () => db("companies").where({ id: 3 });
    await company().update({ email: written, password_hash: await hashPassword(password) });
    await migrateToLatest(db);
    expect(await findDamage(db)).toEqual([]);

    for (const typed of [written, folded, ` ${folded.toUpperCase()} `]) {
      expect(await signIn(db, typed, password)).toMatchObject({ company: { id: 3 } });
    }
    expect(await signIn(db, folded, "wrong horse")).toBeUndefined();
    expect(await company().pluck("email")).toEqual([written]);
    const fields = { company_name: "B", owner_name: "C", phone: null, email: folded, password };
    expect(await signUp(db, fields)).toEqual({ outcome: "email-taken" });

    await company().update({ email: "other@kelly.example" });
    expect(await signIn(db, folded, password)).toBeUndefined();
    expect(await signIn(db, "other@kelly.example", password)).toMatchObject({ company: { id: 3 } });
    expect(await signUp(db, fields)).toMatchObject({ outcome: "signed-up" });
  });
});

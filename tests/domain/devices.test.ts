import { createHash } from "node:crypto";
import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { signIn, signUp, signUpFields } from "#app/domain/companies.server.ts";
import {
  deviceProof,
  introduceDevice,
  isKnownDevice,
  type Device,
} from "#app/domain/devices.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { describeEachEngine } from "../support/databases.ts";
import { countQueries } from "../support/queries.ts";

const email = "ann@example.com";
const password = "a long quiet evening";

describeEachEngine("devices", (_engine, open) => {
  let db: Knex;
  let company: number;
  let passwordHash: string;
  let device: Device;
  beforeEach(async () => {
    db = await open();
    const signedUp = await signUp(
      db,
      signUpFields.parse({
        company_name: "Acme",
        owner_name: "Ann",
        email,
        password,
      }),
    );
    if (signedUp.outcome !== "signed-up") throw new Error(signedUp.outcome);
    company = signedUp.company.id;
    passwordHash = signedUp.passwordHash;
    device = introduceDevice(passwordHash);
  });

  test("a browser that has signed in is known, however the email is typed", async () => {
    expect(await isKnownDevice(db, email, device)).toBe(true);
    expect(await isKnownDevice(db, " ANN@example.COM ", device)).toBe(true);
    const second = introduceDevice(passwordHash);
    expect(second.device).not.toBe(device.device);
    expect(await isKnownDevice(db, email, second)).toBe(true);
    expect(await isKnownDevice(db, email, device)).toBe(true);
  });

  test("no account knows another's, and an unknown email knows none", async () => {
    await db("companies").insert({
      company_name: "Other",
      owner_name: "Other",
      email: "other@example.com",
      password_hash: await hashPassword(password),
    });
    expect(await isKnownDevice(db, "other@example.com", device)).toBe(false);
    expect(await isKnownDevice(db, "nobody@example.com", device)).toBe(false);
  });

  test("a proof is of one device, and cannot be made without the hash", async () => {
    const other = introduceDevice(passwordHash);
    const forged = [
      "",
      "x",
      device.proof.slice(1),
      `${device.proof}A`,
      other.proof,
      deviceProof("", device.device),
      deviceProof(password, device.device),
      deviceProof(email, device.device),
    ];
    for (const proof of forged) {
      expect(await isKnownDevice(db, email, { ...device, proof })).toBe(false);
    }
  });

  test("it ends with the password", async () => {
    await db("companies")
      .where({ id: company })
      .update({ password_hash: await hashPassword(password) });
    expect(await isKnownDevice(db, email, device)).toBe(false);
  });

  test("a sign-in that replaces an old hash leaves the device known", async () => {
    // salt:sha256(password + salt), as an older system stored it
    const salt = "00112233445566778899aabbccddeeff";
    const digest = createHash("sha256")
      .update(password + salt)
      .digest("hex");
    const oldHash = `${salt}:${digest}`;
    await db("companies").where({ id: company }).update({ password_hash: oldHash });
    const before = introduceDevice(oldHash);
    expect(await isKnownDevice(db, email, before)).toBe(true);
    const proven = await signIn(db, email, password);
    if (!proven || proven === "frozen") throw new Error(proven);
    const issued = introduceDevice(proven.passwordHash);
    expect(await isKnownDevice(db, email, issued)).toBe(true);
    expect(await isKnownDevice(db, email, before)).toBe(false);
  });

  test("an unknown email costs the same work", async () => {
    const known = await countQueries(db, () => isKnownDevice(db, email, device));
    const unknown = await countQueries(db, () => isKnownDevice(db, "nobody@example.com", device));
    expect([known, unknown]).toEqual([1, 1]);
  });
});

import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { insertCompany } from "../support/companies.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  engines,
  openDatabase,
} from "../support/databases.ts";
import {
  addLegacyRows,
  createLegacyTables,
  legacyNumber,
  readContents,
} from "../support/legacy.ts";
import { doDamage, legacyDamages } from "../support/legacy-damage.ts";
import { codes, Operator, pointedHere, smsOnly } from "../support/operator.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

let api: TwilioApi;
let operator: Operator;
beforeEach(async () => {
  api = await startTwilioApi();
});

describe.each(engines)("doctor and the numbers on %s", (engine) => {
  let db: Knex;
  beforeEach(async () => {
    const { url } = await createMigratedDatabase(engine);
    db = openDatabase(url);
    operator = new Operator(api, url);
  });

  test("counts what it mended of the pool's counts among the rest", async () => {
    await addToPool(db, ["+353861234560"]);
    await db("pool_counts").where({ what: "available" }).update({ n: 99 });
    const { stdout, stderr } = await operator.run("doctor", ["--repair", "--offline"]);
    expect(stderr).toMatch(/^Will be mended: The counts of the pool \(available\)/m);
    expect(stdout).toMatch(/^Mended: The counts of the pool \(available\)/m);
    expect(stdout).toMatch(/^1 mended, /im);
    await db("pool_counts").where({ what: "available" }).update({ n: 99 });
    const { repaired } = await operator.examine(["--repair", "--offline"]);
    expect(repaired).toMatchObject([{ code: "offer-differs" }]);
  });

  test("says for each number what keeps its calls from coming here, and what mends it", async () => {
    const [kept, lost, texts, trunk, elsewhere] = [
      "+353861234560",
      "+353861234561",
      "+353861234562",
      "+353861234563",
      "+353861234564",
    ] as const;
    await addToPool(db, [kept, lost, texts, trunk, elsewhere]);
    const company = await insertCompany(db);
    await assignPhoneNumber(db, company, lost);
    for (const number of [kept, lost, trunk]) api.buy(number, pointedHere);
    api.buy(texts, { ...pointedHere, ...smsOnly });
    api.buy(elsewhere, { ...pointedHere, voice_url: "https://old.example" });
    api.find(trunk).trunk_sid = `TK${"1".repeat(32)}`;
    api.reclaim(lost);

    const { exitCode, findings } = await operator.examine();
    expect(exitCode).toBe(4);
    expect(findings).toEqual([
      {
        code: "twilio-number-not-owned",
        finding: `${lost}, company ${company}'s number, is not in the Twilio account: calls to it do not come here.`,
        mend: expect.stringContaining("npm run sync"),
      },
      {
        code: "twilio-number-without-voice",
        finding: `${texts}, which companies can choose, takes no calls at Twilio, only messages.`,
        mend: expect.stringMatching(/^delete from twilio_phone_numbers/),
      },
      {
        code: "twilio-number-in-other-use",
        finding: expect.stringContaining(`${trunk}, which companies`),
        mend: expect.stringContaining("webhook"),
      },
      {
        code: "twilio-number-not-pointed-here",
        finding: `${elsewhere}, which companies can choose, does not have this server's voiceUrl at Twilio, but https://old.example.`,
        mend: "npm run sync -- --take-over",
      },
    ]);
    expect(api.updates()).toEqual([]);

    // The command that it names does mend it.
    await db.raw(findings[1]!.mend);
    api.buy(lost);
    api.find(trunk).trunk_sid = null;
    const sync = await operator.run("sync-twilio-numbers", ["--take-over"]);
    expect(sync.exitCode).toBe(0);
    expect(codes(await operator.examine())).toEqual([]);
  });

  test("an available number that Twilio reclaimed can be removed with the command that it names", async () => {
    await addToPool(db, ["+353861234567", "+353861234568"]);
    api.buy("+353861234567", pointedHere);
    const { findings } = await operator.examine();
    expect(findings).toHaveLength(1);
    await db.raw(findings[0]!.mend.replace(/.*(?=delete)/, ""));
    expect(await db("twilio_phone_numbers").pluck("phone_number")).toEqual(["+353861234567"]);
    expect(codes(await operator.examine())).toEqual([]);
  });

  test("an account that has none of the pool's numbers is one finding", async () => {
    await addToPool(db, ["+353861234567", "+353861234568", "+353861234569"]);
    api.buy("+442079460000", pointedHere);
    const { findings } = await operator.examine();
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      code: "twilio-owns-none",
      finding: "None of the pool's 3 numbers is in the Twilio account, which has 1.",
    });
  });

  test("numbers that are not in the pool yet are mentioned, but are no finding", async () => {
    api.buy("+353861234567");
    const { stderr } = await operator.run("doctor");
    expect(stderr).toContain("One number of the account takes calls and is not in the pool");
    expect(codes(await operator.examine())).toEqual([]);
  });
});

describe.each(engines)("doctor on a legacy %s database", (engine) => {
  let db: Knex;
  beforeEach(async () => {
    const { url } = await createTestDatabase(engine);
    db = openDatabase(url);
    operator = new Operator(api, url);
    await createLegacyTables(db);
    await addLegacyRows(db);
  });
  const damage = (name: string) => {
    const found = legacyDamages.find((one) => one.name === name);
    if (!found) throw new Error(`there is no damage “${name}”`);
    return doDamage(db, found);
  };

  test("a sound one lacks only migrations, and is not changed", async () => {
    const before = await readContents(db);
    const { exitCode, findings } = await operator.examine(["--offline"]);
    expect(exitCode).toBe(4);
    expect(findings).toEqual([
      {
        code: "migrations-pending",
        finding: expect.stringContaining("20261122000001_phone_number_pool"),
        mend: "npm run migrate",
      },
    ]);
    expect(await readContents(db)).toEqual(before);
  });

  test("names damage, repairs what is beyond doubt and leaves the rest to people", async () => {
    await damage("an available number that a company holds");
    await damage("a number assigned to nobody");
    const before = await readContents(db);
    const seen = await operator.examine(["--offline"]);
    expect(codes(seen)).toEqual([
      "migrations-pending",
      "available-but-held",
      "assigned-without-owner",
    ]);
    expect(seen.findings[1]!.mend).toMatch(/^npm run doctor -- --repair: /);
    expect(seen.findings[2]!.mend).toMatch(/^to decide: /);
    expect(seen.repaired).toEqual([]);
    expect(await readContents(db)).toEqual(before);

    const { exitCode, stdout, stderr } = await operator.run("doctor", ["--repair", "--offline"]);
    expect(stderr).toMatch(/^Will be mended: A number is available, but/m);
    expect(stderr).not.toContain("Will be mended: A number is assigned");
    expect(stdout).toMatch(/^Mended: A number is available, but/m);
    expect(stdout).toMatch(/^- A number is assigned, but to nobody: .* → to decide: .*$/m);
    expect(stdout).toContain("\n1 mended, ");
    expect(exitCode).toBe(4);
    const row = (id: number) => db("twilio_phone_numbers").where({ id }).first();
    expect(await row(3)).toMatchObject({
      phone_number: legacyNumber(3),
      status: "assigned",
      assigned_to_company_id: 3,
    });
    expect(await row(70)).toEqual(before.rows["twilio_phone_numbers"]?.find(({ id }) => id === 70));
  });

  test("one whose pool is missing is completed, repaired, and can be migrated", async () => {
    await db.raw("drop table twilio_phone_numbers");
    const seen = await operator.examine(["--offline"]);
    expect(codes(seen)).toContain("missing-from-pool");
    const { stderr } = await operator.run("doctor", ["--repair", "--offline"]);
    expect(stderr).toContain("Will be added: what is missing of the tables");
    expect(codes(await operator.examine(["--offline"]))).not.toContain("missing-from-pool");
    expect(await migrateToLatest(db)).not.toEqual([]);
  });

  test("a repaired one can be migrated, and is healthy then", async () => {
    await damage("a company's number with spaces in it");
    const repair = await operator.examine(["--repair", "--offline"]);
    expect(codes(repair)).toEqual(["migrations-pending"]);
    expect(repair.repaired.map(({ code }) => code)).toEqual(["not-e164"]);
    await migrateToLatest(db);
    expect(codes(await operator.examine(["--offline"]))).toEqual([]);
    const again = await operator.examine(["--repair", "--offline"]);
    expect(again.repaired).toEqual([]);
    expect(codes(again)).toEqual([]);
  });

  test("its numbers are compared with Twilio, damaged or not", async () => {
    await damage("a number with spaces in it");
    for (const id of [1, 2, 3]) api.buy(legacyNumber(id), pointedHere);
    const { findings } = await operator.examine();
    expect(findings.map(({ code }) => code)).toEqual([
      "migrations-pending",
      "not-e164",
      "twilio-number-not-owned",
    ]);
    expect(findings[2]!.finding).toContain("+353861110070, which companies");
  });
});

test.each(engines)("an empty %s database lacks migrations", async (engine) => {
  const { url } = await createTestDatabase(engine);
  operator = new Operator(api, url);
  await openDatabase(url).raw("select 1");
  for (const args of [[], ["--repair"]]) {
    const report = await operator.examine(args);
    expect(codes(report)).toEqual(["migrations-pending"]);
    expect(report.exitCode).toBe(4);
  }
});

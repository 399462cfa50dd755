import { beforeEach, describe, expect, test } from "vitest";
import type { Knex } from "knex";
import { fillPool } from "../support/companies.ts";
import {
  createMigratedDatabase,
  createTestDatabase,
  engines,
  openDatabase,
} from "../support/databases.ts";
import { runScript } from "../support/script.ts";

describe.each(engines)("the rules in the terminal, on %s", (engine) => {
  let url: string;
  let db: Knex;
  beforeEach(async () => {
    ({ url } = await createMigratedDatabase(engine));
    db = openDatabase(url);
  });

  test("test-phone-assignment proves each rule and leaves nothing", async () => {
    await fillPool(db, 2);
    const rows = async (): Promise<unknown[]> => [
      await db("companies"),
      await db("twilio_phone_numbers"),
    ];
    const before = await rows();
    const proof = await runScript("test-phone-assignment", [], {
      env: { DATABASE_URL: url },
    });
    expect(proof.exitCode).toBe(0);
    expect(proof.stdout.match(/^holds /gm)?.length).toBeGreaterThan(15);
    expect(await rows()).toEqual(before);

    await db.raw(
      `drop trigger phone_number_leaves ${engine === "postgres" ? "on twilio_phone_numbers" : ""}`,
    );
    const broken = await runScript("test-phone-assignment", ["--json"], {
      env: { DATABASE_URL: url },
    });
    expect(broken.exitCode).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ failed: 2 });

    const restored = await runScript("migrate", ["--restore-rules"], {
      env: { DATABASE_URL: url },
    });
    expect(restored.stdout).toContain("The rules are in place.");
    const mended = await runScript("test-phone-assignment", [], {
      env: { DATABASE_URL: url },
    });
    expect(mended.exitCode).toBe(0);
  });

  test("migrate makes the tables, and then has nothing to do", async () => {
    const { url: empty } = await createTestDatabase(engine);
    const migrate = () => runScript("migrate", [], { env: { DATABASE_URL: empty } });
    expect((await migrate()).stdout).toMatch(/^done {2}\d+_phone_number_pool/);
    expect((await migrate()).stdout).toBe("The schema is current.\n");
  });
});

test("--help shows examples first, without a database", async () => {
  for (const name of ["add-phone-numbers", "test-phone-assignment", "migrate"]) {
    const { exitCode, stdout } = await runScript(name, ["--help"], {
      env: { DATABASE_URL: "sqlite:/nowhere/at/all.db" },
    });
    expect(exitCode).toBe(0);
    expect(stdout.indexOf("Examples")).toBeLessThan(stdout.indexOf("Options"));
    expect(stdout).toContain("--json");
  }
});

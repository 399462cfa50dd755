import { chmodSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { sqliteFile } from "#app/db.server.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { runScript } from "../support/script.ts";
import { prepareDatabase } from "../../scripts/start/database.ts";

test("a restored file that everybody can read is a finding of the doctor's, and start closes it", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const file = sqliteFile(url)!;
  chmodSync(file, 0o644);
  const { stdout } = await runScript("doctor", ["--offline"], { env: { DATABASE_URL: url } });
  expect(stdout).toContain(`chmod 600 ${file}`);
  await prepareDatabase(url, { demoNumbers: false }, () => {});
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

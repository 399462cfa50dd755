import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startServer } from "../support/server.ts";
import { seed } from "../../seeds/demo-phone-numbers.ts";

test("the README's example of the API does what it says, with the demo numbers", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  await seed(openDatabase(url));
  const server = await startServer({ databaseUrl: url });
  const [example = ""] =
    /(?<=```sh\n)api=.*?(?=```)/s.exec(readFileSync("README.md", "utf8")) ?? [];
  const scratch = scratchDirectory("readme-");
  cleanUpLater(async () => scratch.remove());
  const { stdout } = await promisify(execFile)(
    "bash",
    ["-c", example.replaceAll("http://localhost:3000", server.url)],
    { cwd: scratch.path },
  );
  const answers = JSON.parse(`[${stdout.trim().replaceAll(/\}\s*\{"success"/g, '},{"success"')}]`);
  expect(example.match(/\bcurl /g)).toHaveLength(6);
  const chosen = /"phone_number":"(\+\d+)"/.exec(example)?.[1];
  expect(answers).toMatchObject([
    { success: true, company: { company_name: "Acme" } },
    { success: true, numbers: [{}, {}, {}] },
    { success: true, phone_number: chosen },
    { success: true, phone_number: chosen, has_phone: true },
    { success: true, calls: [], next_cursor: null },
  ]);
});

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { once } from "node:events";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { leavesMessage, untilSaid } from "../support/programs.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { startServer } from "../support/server.ts";
import { startTwilioApi } from "../support/twilio-api.ts";
import { seed } from "../../seeds/demo-phone-numbers.ts";

test.each(engines)(
  "the README's six lines of curl do the whole job with the demo numbers, on %s",
  async (engine) => {
    const { url } = await createMigratedDatabase(engine);
    const db = openDatabase(url);
    await seed(db);
    const twilio = await startTwilioApi();
    const server = await startServer({ databaseUrl: url, env: twilio.environment });
    const [example = ""] =
      /(?<=```sh\n)api=.*?(?=```)/s.exec(readFileSync("README.md", "utf8")) ?? [];
    const [variables = "", ...lines] = example
      .replaceAll("http://localhost:3000", server.url)
      .trim()
      .split("\n");
    expect(lines).toHaveLength(6);
    const scratch = scratchDirectory("readme-");
    cleanUpLater(async () => scratch.remove());

    // As a person would type it, having the number rung before the last line.
    const shell = spawn("bash", { cwd: scratch.path });
    const ended = once(shell, "close");
    shell.stdin.write([variables, ...lines.slice(0, 5), ""].join("\n"));
    const [said] = await untilSaid(shell, /^.*"has_phone":[^}]*\}/s);
    await leavesMessage(db, twilio, {});
    shell.stdin.end(`${lines[5]}\n`);
    expect(await ended).toEqual([0, null]);

    const chosen = /"phone_number":"(\+\d+)"/.exec(example)?.[1];
    expect(
      JSON.parse(`[${said.trim().replaceAll(/\}\s*\{"success"/g, '},{"success"')}]`),
    ).toMatchObject([
      { success: true, company: { company_name: "Acme" } },
      { success: true, numbers: [{}, {}, {}] },
      { success: true, phone_number: chosen },
      { success: true, phone_number: chosen, has_phone: true },
    ]);
    const heard = readFileSync(path.join(scratch.path, "message.mp3"));
    expect(heard.equals(twilio.sound.file)).toBe(true);
  },
);

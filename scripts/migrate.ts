import { createDatabase } from "../app/db.server.ts";
import { PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { environment } from "../app/env.server.ts";
import { migrateToLatest, usualPatience } from "../app/migrate.server.ts";
import { restoreRules } from "../app/doctor/repair.server.ts";
import { CommandError, runCommand, UsageError } from "./terminal/command.ts";

let migrated = false;

await runCommand(
  {
    name: "npm run migrate --",
    summary:
      "Brings the database's schema up to date; “npm start” does so too. Waits for another process that is at it.",
    examples: [
      ["", "migrates the database that DATABASE_URL names"],
      ["--restore-rules", "and puts back the triggers that hold the rules"],
    ],
    stopped: () =>
      migrated ? "The schema is current; the rules were not put back." : "Nothing was changed.",
    options: {
      "restore-rules": {
        type: "boolean",
        help: "put the rules' triggers and indexes back",
      },
      wait: {
        type: "string",
        value: "SECONDS",
        help: `wait so long for others to release the tables (${usualPatience}), 86400 at most`,
      },
    },
  },
  async (args) => {
    const patience = readSeconds(args.get("wait"));
    const db = createDatabase(environment().DATABASE_URL, {
      statementTimeout: 0,
    });
    try {
      const say = (line: string) => process.stderr.write(`${line}\n`);
      const migrations = await migrateToLatest(db, say, patience);
      migrated = true;
      const restored = args.has("restore-rules");
      if (restored) await restoreRules(db);
      process.stdout.write(
        args.has("json")
          ? `${JSON.stringify({ migrations, rules_restored: restored })}\n`
          : migrations.length > 0
            ? migrations.map((name) => `done  ${name}\n`).join("")
            : "The schema is current.\n",
      );
      if (restored && !args.has("json")) {
        process.stdout.write("The rules are in place.\n");
      }
      return 0;
    } catch (error) {
      if (error instanceof PoolDamagedError || error instanceof TableInTheWayError) {
        throw new CommandError(error.message);
      }
      throw error;
    } finally {
      await db.destroy();
    }
  },
);

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (/^\d{1,5}$/.test(text) && seconds >= 1 && seconds <= 86_400) return seconds;
  throw new UsageError("--wait takes seconds, a whole number from 1 to 86400.");
}

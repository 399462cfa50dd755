import { createDatabase } from "../app/db.server.ts";
import { PoolDamagedError } from "../app/doctor/damage/diagnosis.server.ts";
import { TableInTheWayError } from "../app/doctor/damage/table-in-the-way.ts";
import { environment } from "../app/env.server.ts";
import { migrateToLatest } from "../app/migrate.server.ts";
import { restoreRules } from "../app/doctor/repair.server.ts";
import { CommandError, runCommand } from "./terminal/command.ts";

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
    },
  },
  async (args) => {
    const db = createDatabase(environment().DATABASE_URL, {
      statementTimeout: 0,
    });
    try {
      const migrations = await migrateToLatest(db, (line) => process.stderr.write(`${line}\n`));
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

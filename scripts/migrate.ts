import { createDatabase } from "../app/db.server.ts";
import { PoolDamagedError } from "../app/domain/pool-damage.server.ts";
import { environment } from "../app/env.server.ts";
import { migrateToLatest } from "../app/migrate.server.ts";
import { CommandError, runCommand } from "./terminal/command.ts";

await runCommand(
  {
    name: "npm run migrate --",
    summary:
      "Brings the database's schema up to date; “npm start” does so too. Waits for another process that is at it.",
    examples: [["", "migrates the database that DATABASE_URL names"]],
    options: {},
  },
  async (args) => {
    const db = createDatabase(environment().DATABASE_URL, {
      statementTimeout: 0,
    });
    try {
      const migrations = await migrateToLatest(db);
      process.stdout.write(
        args.has("json")
          ? `${JSON.stringify({ migrations })}\n`
          : migrations.length > 0
            ? migrations.map((name) => `done  ${name}\n`).join("")
            : "The schema is current.\n",
      );
      return 0;
    } catch (error) {
      if (error instanceof PoolDamagedError) {
        throw new CommandError(error.message);
      }
      throw error;
    } finally {
      await db.destroy();
    }
  },
);

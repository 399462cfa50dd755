import { createDatabase } from "#app/db.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";

// One of several processes that race: `node --import tsx assigning-process.ts URL JSON`, where JSON
// is a list of [company id, number or null for the first available]. Begins when told to on stdin;
// prints each outcome.
const [url = "", tries = "[]"] = process.argv.slice(2);
const db = createDatabase(url, { poolMax: 5, statementTimeout: 15_000 });
await db.raw("select 1");
process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));

const outcomes = await Promise.all(
  (JSON.parse(tries) as [number, string | null][]).map(async ([company, number]) => {
    try {
      const result = await assignPhoneNumber(db, company, number ?? undefined);
      return [company, result.outcome];
    } catch (error) {
      return [company, `threw ${(error as Error).message}`];
    }
  }),
);
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
await db.destroy();
process.stdin.destroy();

import { eachInPool, type PoolEntry } from "../app/domain/pool.server.ts";
import { csvLine } from "../app/http/csv.ts";
import { operatorsDatabase, requireDatabase, runCommand, UsageError } from "./terminal/command.ts";
import { openOutput } from "./terminal/output.ts";
import { startProgress } from "./terminal/progress.ts";

const columns: [name: string, of: (entry: PoolEntry) => string | number | null][] = [
  ["phone_number", (entry) => entry.phoneNumber],
  ["status", (entry) => entry.status],
  ["company_id", (entry) => entry.companyId],
  ["company_name", (entry) => entry.companyName],
  ["assigned_at", (entry) => entry.assignedAt],
  ["created_at", (entry) => entry.createdAt],
];

await runCommand(
  {
    name: "npm run -s export --",
    summary:
      "Writes the pool as CSV to stdout: each number, whose it is and since when, in the order of entry. “npm run numbers” reads such a file, too.",
    endsItself: true,
    stopped: () => "The file is not whole; nothing else was changed.",
    examples: [
      ["> pool.csv", "writes the whole pool into a file"],
      ["--status available", "only numbers that nobody has"],
      ["--json", "the same as a JSON document"],
    ],
    options: {
      status: {
        type: "string",
        value: "STATUS",
        help: "only those that are available, or assigned",
      },
    },
  },
  async (args) => {
    const status = statusOf(args.get("status"));
    requireDatabase();
    const output = openOutput();
    const progress = startProgress();
    const json = args.has("json");
    await output.write(json ? `{\n  "numbers": [` : csvLine(columns.map(([name]) => name)));
    let written = 0;
    for await (const entries of eachInPool(operatorsDatabase(), status)) {
      if (output.failure !== undefined || args.signal.aborted) break;
      await output.write(
        entries
          .map((entry, index) =>
            json
              ? `${written + index === 0 ? "" : ","}\n    ${JSON.stringify(objectOf(entry))}`
              : csvLine(columns.map(([, of]) => of(entry))),
          )
          .join(""),
      );
      written += entries.length;
      if (!process.stdout.isTTY) progress.update("Writing numbers", written);
    }
    progress.clear();
    if (args.signal.aborted) return 130;
    if (output.failure !== undefined) return 0;
    if (json) await output.write(`${written > 0 ? "\n  " : ""}]\n}\n`);
    process.stderr.write(
      `${written} numbers. Next: “npm run numbers -- --from-file FILE” adds those of\na file to a pool.\n`,
    );
    return 0;
  },
);

function statusOf(text: string | undefined): PoolEntry["status"] | undefined {
  if (text === undefined || text === "available" || text === "assigned") return text;
  throw new UsageError(`--status must be available or assigned, not “${text}”.`);
}

function objectOf(entry: PoolEntry) {
  return Object.fromEntries(columns.map(([name, of]) => [name, of(entry)]));
}

import { createDatabase } from "../app/db.server.ts";
import { operator } from "../app/domain/audit.server.ts";
import { countCallsFrom, eraseCaller } from "../app/domain/call-erasure.server.ts";
import { asStored } from "../app/domain/e164.ts";
import { environment } from "../app/env.server.ts";
import { printJson, requireDatabase, runCommand, UsageError } from "./terminal/command.ts";

await runCommand(
  {
    name: "npm run calls --",
    summary:
      "Erases a caller: all calls from a number, to whatever company, with the messages that were left.",
    positionals: "erase",
    examples: [
      [
        "erase --caller +353871112222",
        "erases the calls of a caller, and has Twilio delete the messages",
      ],
      ["erase --caller +353871112222 --dry-run", "says how many there are"],
    ],
    options: {
      caller: { type: "string", value: "NUMBER", help: "who called: a number, or sip:…" },
      "dry-run": { type: "boolean", help: "write nothing, say what would be erased" },
    },
    stopped: (args) =>
      args.has("dry-run")
        ? "Nothing was changed."
        : "What is erased stays erased; run it again to erase the rest.",
  },
  async (args) => {
    const [verb, ...rest] = args.positionals;
    if (verb !== "erase" || rest.length > 0) {
      throw new UsageError("Say what to do: erase --caller NUMBER. See “npm run calls -- --help”.");
    }
    const caller = callerOf(args.get("caller"));
    requireDatabase();
    // Reading all calls takes longer than a request may.
    const db = createDatabase(environment().DATABASE_URL, { statementTimeout: 60_000 });
    try {
      const dryRun = args.has("dry-run");
      const calls = dryRun
        ? await countCallsFrom(db, caller)
        : await eraseCaller(db, caller, operator);
      if (args.has("json")) printJson({ dry_run: dryRun, caller, calls });
      else {
        const count = calls === 1 ? "1 call" : `${calls} calls`;
        process.stdout.write(dryRun ? `Would erase ${count}.\n` : `${count} erased.\n`);
      }
      process.stderr.write(
        dryRun
          ? "Nothing was written. Run it again without --dry-run to erase them.\n"
          : "Next: “npm run doctor” says what Twilio has yet to delete. Twilio's own call log is Twilio's.\n",
      );
      return 0;
    } finally {
      await db.destroy();
    }
  },
);

/** The caller as calls have it. */
function callerOf(text: string | undefined): string {
  if (text === undefined) throw new UsageError("Say whose calls: --caller NUMBER.");
  const caller = /^sips?:\S+$/i.test(text) ? text : asStored(text);
  if (caller === undefined) {
    throw new UsageError(
      "--caller needs a number with its country code, like +353871112222, or sip:….",
    );
  }
  return caller;
}

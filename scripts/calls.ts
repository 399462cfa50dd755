import type { Knex } from "knex";
import { createDatabase } from "../app/db.server.ts";
import { operator } from "../app/domain/audit.server.ts";
import { callerElsewhere, countCallsFrom, eraseCaller } from "../app/domain/call-erasure.server.ts";
import { unmatchedCalls } from "../app/domain/calls.server.ts";
import { asStored, formatPhoneNumber } from "../app/domain/e164.ts";
import { withoutForgingMarks } from "../app/domain/written-text.ts";
import { environment } from "../app/env.server.ts";
import {
  printJson,
  requireDatabase,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";
import { folded } from "./terminal/output.ts";

/** The most calls that `unmatched` lists. */
const mostListed = 100;

await runCommand(
  {
    name: "npm run calls --",
    summary:
      "Erases a caller: all calls from a number, to whatever company, with the messages that were left. Lists calls to numbers that were nobody's.",
    positionals: "erase|unmatched",
    examples: [
      [
        "erase --caller +353871112222",
        "erases the calls of a caller, and has Twilio delete the messages",
      ],
      ["erase --caller +353871112222 --dry-run", "says how many there are"],
      ["unmatched", `lists the newest ${mostListed} calls to numbers that were nobody's`],
    ],
    options: {
      caller: { type: "string", value: "NUMBER", help: "who called: a number, or sip:…" },
      "dry-run": { type: "boolean", help: "write nothing, say what would be erased" },
    },
    stopped: (args) =>
      args.has("dry-run") || args.positionals[0] === "unmatched"
        ? "Nothing was changed."
        : "What is erased stays erased; run it again to erase the rest.",
  },
  async (args) => {
    const [verb, ...rest] = args.positionals;
    const work = verb === "erase" ? erase : verb === "unmatched" ? listUnmatched : undefined;
    if (!work || rest.length > 0) {
      throw new UsageError(
        "Say what to do: erase --caller NUMBER, or unmatched. See “npm run calls -- --help”.",
      );
    }
    return work(args);
  },
);

async function erase(args: Arguments): Promise<number> {
  const caller = callerOf(args.get("caller"));
  const dryRun = args.has("dry-run");
  const { calls, goingOn, blockedBy } = await withDatabase(async (db) => {
    const elsewhere = await callerElsewhere(db, caller);
    const work = dryRun ? countCallsFrom(db, caller) : eraseCaller(db, caller, operator);
    return { calls: await work, ...elsewhere };
  });
  if (args.has("json")) {
    printJson({ dry_run: dryRun, caller, calls, going_on: goingOn, blocked_by: blockedBy });
  } else {
    const count = calls === 1 ? "1 call" : `${calls} calls`;
    process.stdout.write(dryRun ? `Would erase ${count}.\n` : `${count} erased.\n`);
  }
  process.stderr.write(
    dryRun
      ? "Nothing was written. Run it again without --dry-run to erase them.\n"
      : "Next: “npm run doctor” says what Twilio has yet to delete. Twilio's own call log is Twilio's.\n",
  );
  if (goingOn > 0) {
    process.stderr.write(
      "A call of theirs may be going on, and is logged again as it ends: run this again then.\n",
    );
  }
  if (blockedBy > 0) {
    const companies = blockedBy === 1 ? "One company blocks" : `${blockedBy} companies block`;
    process.stderr.write(`${companies} this caller: that stays, and is theirs to lift.\n`);
  }
  return 0;
}

async function listUnmatched(args: Arguments): Promise<number> {
  if (args.get("caller") !== undefined || args.has("dry-run")) {
    throw new UsageError("unmatched takes neither --caller nor --dry-run.");
  }
  const calls = await withDatabase((db) => unmatchedCalls(db, mostListed));
  if (args.has("json")) {
    printJson({
      calls: calls.map(({ callSid, from, to, startedAt }) => ({
        call_sid: callSid,
        from,
        to,
        started_at: startedAt,
      })),
    });
    return 0;
  }
  for (const { from, to, startedAt } of calls) {
    const line = `${startedAt}  to ${shown(to) || "no number"}  from ${shown(from) || "a withheld number"}`;
    process.stdout.write(`${folded(line, process.stdout)}\n`);
  }
  process.stderr.write(
    calls.length === 0
      ? "No call went to a number that was nobody's, in the last 30 days.\n"
      : "Next: “npm run numbers -- --list” says which numbers are in the pool, and whose they are.\n",
  );
  return 0;
}

/** What networks say about a party, for a terminal: a caller over SIP may use any name. */
function shown(party: string): string {
  if (/^\+\d+$/.test(party)) return formatPhoneNumber(party);
  return withoutForgingMarks(party).slice(0, 80);
}

async function withDatabase<T>(work: (db: Knex) => Promise<T>): Promise<T> {
  requireDatabase();
  // Reading all calls takes longer than a request may.
  const db = createDatabase(environment().DATABASE_URL, { statementTimeout: 60_000 });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/** The caller, as stored with calls. */
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

import { budgetStatus, openAssignments } from "../app/domain/assignment-budget.server.ts";
import { parseE164 } from "../app/domain/e164.ts";
import { importNumbers } from "./import/import.ts";
import { numbersIn, type Given } from "./import/numbers.ts";
import { openRejects, type Rejects } from "./import/rejects.ts";
import { Report } from "./import/report.ts";
import { openSource, type Source } from "./import/text.ts";
import { showPool } from "./import/show.ts";
import {
  CommandError,
  operatorsDatabase,
  printJson,
  requireDatabase,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";
import { openOutput } from "./terminal/output.ts";
import { startProgress, type Progress } from "./terminal/progress.ts";

let report: Report | undefined;

await runCommand(
  {
    name: "npm run numbers --",
    summary:
      "Adds phone numbers to the pool that companies choose from. With none to add, shows the pool.",
    positionals: "[NUMBER…]",
    endsItself: true,
    stopped: () => report?.leftBehind() ?? "Nothing was changed.",
    watchesOutput: true,
    examples: [
      ["", "shows how full the pool is, and who has which number since when"],
      ["--list", "shows every number, also those that are available"],
      ["'+353 86 123 4567' +442079460123", "adds two numbers"],
      ["--from-file numbers.txt", "adds one number a line; # begins a comment"],
      [
        "--from-file pool.csv --rejects mend.csv",
        "adds the column phone_number, or the only one with numbers; mend.csv\n      gets what was not added, to be mended and given again",
      ],
      ["--from-file - --dry-run", "says what the lines of stdin would do"],
      ["--open-for 60", "lifts the limit on assignments an hour, for an hour"],
    ],
    options: {
      "from-file": {
        type: "string",
        value: "FILE",
        help: "read a list or a CSV from FILE, or from stdin with -",
      },
      rejects: {
        type: "string",
        value: "FILE",
        help: "write what is invalid, with line and reason, to FILE",
      },
      "all-or-nothing": {
        type: "boolean",
        help: "add nothing where one is invalid, else all in one step",
      },
      "open-for": {
        type: "string",
        value: "MINUTES",
        help: "lift ASSIGNMENTS_PER_HOUR for so long, 1440 at most; 0 puts it back",
      },
      list: { type: "boolean", help: "show every number of the pool" },
      "dry-run": {
        type: "boolean",
        help: "write nothing, say what would be added",
      },
    },
  },
  async (args) => {
    const file = args.get("from-file");
    const positionals: Given[] = args.positionals.map((text) => ({ text }));
    requireQuotes(args.positionals);
    const openFor = readMinutes(args.get("open-for"));
    const isShow = positionals.length === 0 && file === undefined;
    if (openFor !== undefined && (!isShow || args.has("list") || args.has("dry-run"))) {
      throw new UsageError("--open-for stands alone.");
    }
    if (!isShow && args.has("list")) {
      throw new UsageError("--list shows the pool; it takes no numbers to add.");
    }
    if (args.get("rejects") !== undefined && file === undefined) {
      throw new UsageError("--rejects is for what --from-file reads.");
    }
    requireDatabase();
    if (openFor !== undefined) return open(args, openFor);
    return isShow ? showPool(args) : add(args, positionals, file);
  },
);

function readMinutes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const minutes = Number(text);
  if (/^\d{1,4}$/.test(text) && minutes <= 1_440) return minutes;
  throw new UsageError("--open-for takes minutes, a whole number from 0 to 1440.");
}

async function open(args: Arguments, minutes: number): Promise<number> {
  const until = await openAssignments(operatorsDatabase(), minutes);
  const { budget, spent } = await budgetStatus(operatorsDatabase());
  if (args.has("json")) {
    printJson({ open_until: minutes > 0 ? until : null, budget, assigned_last_hour: spent });
    return 0;
  }
  const limit = `${budget} numbers may be assigned in an hour; the last one had ${spent}.`;
  process.stdout.write(
    minutes > 0
      ? `Until ${until} any number of numbers may be assigned.\n`
      : `The limit is back. ${limit}\n`,
  );
  if (minutes > 0) process.stderr.write(`After that, ${limit}\n`);
  return 0;
}

/** A shell splits `+353 86 123 4567` into several arguments, the first of which is not a number. */
function requireQuotes(positionals: readonly string[]): void {
  positionals.forEach((first, index) => {
    if (!/^\D?(\+|00)/.test(first) || parseE164(first).ok) return;
    const after = positionals.slice(index + 1);
    const next = after.findIndex((text) => /^\D?\+/.test(text));
    const whole = [first, ...after.slice(0, next < 0 ? undefined : next)].join(" ");
    if (after.length > 0 && parseE164(whole).ok) {
      throw new UsageError(
        `A number with spaces needs quotes, so nothing was added: npm run numbers -- '${whole}'`,
      );
    }
  });
}

async function add(
  args: Arguments,
  positionals: readonly Given[],
  file: string | undefined,
): Promise<number> {
  const how = {
    json: args.has("json"),
    dryRun: args.has("dry-run"),
    allOrNothing: args.has("all-or-nothing"),
  };
  const source = file === undefined ? undefined : await openSource(file, args.signal);
  const progress = startProgress();
  const rejects = rejectsOf(args, source, progress);
  const output = openOutput();
  const ours = (report = new Report(output, how));
  async function* given(): AsyncGenerator<readonly Given[], void, undefined> {
    yield positionals;
    if (source) yield* numbersIn(source, (layout) => rejects && (rejects.layout = layout));
  }
  let isComplete: boolean;
  try {
    isComplete = await importNumbers(operatorsDatabase(how.allOrNothing ? 0 : undefined), given(), {
      report: ours,
      rejects,
      way: how.dryRun ? "not at all" : how.allOrNothing ? "all or nothing" : "in batches",
      signal: args.signal,
      onProgress: (numbers) => {
        const part = source?.size ? source.read / source.size : undefined;
        const isStaging = how.dryRun || how.allOrNothing;
        progress.update(isStaging ? "Checking" : "Adding", numbers, undefined, part);
      },
      onEntering: (done, staged) => progress.update("Adding", done, staged),
    });
  } catch (error) {
    progress.clear();
    const next = "once what follows is mended, the same command adds the rest";
    if (ours.lines > 0) process.stderr.write(`${ours.leftBehind(next)}\n`);
    throw error;
  } finally {
    progress.clear();
    rejects?.close();
  }
  if (source && isComplete && ours.lines === 0) {
    throw new CommandError(`${source.name} holds no numbers.`);
  }
  await ours.end(isComplete);
  if (!isComplete) return 130;
  if (output.failure !== undefined) {
    process.stderr.write(`stdout took no more lines (${output.failure}). ${ours.summary()}\n`);
  }
  if (!how.json) process.stderr.write(`${next(ours, args)}\n`);
  const isListLost = output.failure !== undefined && output.failure !== "EPIPE";
  return ours.invalid > 0 || isListLost ? 1 : 0;
}

/**
 * Where rejects go besides the results; on a terminal only to a file, since whoever watches sees
 * them anyway.
 */
function rejectsOf(
  args: Arguments,
  source: Source | undefined,
  progress: Progress,
): Rejects | undefined {
  const file = args.get("rejects");
  return source && (file !== undefined || !process.stdout.isTTY)
    ? openRejects(file, source.name, () => progress.clear())
    : undefined;
}

function next({ added, invalid }: Report, args: Arguments): string {
  const rejects = args.get("rejects");
  if (args.has("dry-run")) {
    if (added === 0) return "Nothing was written, and there is nothing to add.";
    return "Nothing was written. Run it again without --dry-run to add them.";
  }
  if (invalid > 0 && args.has("all-or-nothing")) {
    return "Nothing was added, since not all can be. Next: mend what is invalid, and run it again.";
  }
  if (invalid > 0 && rejects !== undefined) {
    return `Next: mend ${rejects}, then “npm run numbers -- --from-file ${rejects}”.`;
  }
  return "Next: “npm run numbers” shows the pool, “npm run doctor” checks it against\nTwilio.";
}

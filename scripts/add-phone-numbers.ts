import { readFileSync } from "node:fs";
import { text as readText } from "node:stream/consumers";
import { database } from "../app/db.server.ts";
import { goneNumbers } from "../app/domain/gone-numbers.server.ts";
import { formatPhoneNumber, parseE164 } from "../app/domain/e164.ts";
import {
  addToPool,
  knownInPool,
  listPool,
  poolStatus,
  type PoolEntry,
} from "../app/domain/pool.server.ts";
import { withoutForgingMarks } from "../app/domain/written-text.ts";
import { environment } from "../app/env.server.ts";
import {
  CommandError,
  paint,
  printJson,
  requireDatabase,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";

/** Something to add: what was given, and the line of the file it stood on. */
interface Given {
  text: string;
  line?: number;
}

type Result = Given &
  (
    | { result: "added" | "already there"; phoneNumber: string }
    | { result: "invalid"; reason: string }
  );

await runCommand(
  {
    name: "npm run numbers --",
    summary:
      "Adds phone numbers to the pool that companies choose from. With none to add, shows the pool.",
    positionals: "[NUMBER…]",
    examples: [
      ["", "shows how full the pool is, and who has which number since when"],
      ["--list", "shows every number, also those that are available"],
      ["'+353 86 123 4567' +442079460123", "adds two numbers"],
      ["--from-file numbers.txt", "adds one number a line; # begins a comment"],
      ["--from-file - --dry-run", "says what the lines of stdin would do"],
    ],
    options: {
      "from-file": {
        type: "string",
        value: "FILE",
        help: "read numbers from FILE, or from stdin with -",
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
    const given: Given[] = args.positionals.map((text) => ({ text }));
    requireQuotes(args.positionals);
    if (file !== undefined) given.push(...(await readLines(file)));
    if (given.length === 0 && file !== undefined) {
      throw new CommandError(`${file === "-" ? "stdin" : file} holds no numbers.`);
    }
    if (given.length > 0 && args.has("list")) {
      throw new UsageError("--list shows the pool; it takes no numbers to add.");
    }
    requireDatabase();
    return given.length > 0 ? add(args, given) : show(args);
  },
);

/** A shell makes several arguments of `+353 86 123 4567`, the first of which is no number. */
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

async function readLines(file: string): Promise<Given[]> {
  let text: string;
  try {
    // Slow stdin that does not block fails a synchronous read.
    text = file === "-" ? await readText(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `${file === "-" ? "stdin" : file} cannot be read${code === "ENOENT" ? ": there is no such file" : ` (${code})`}.`,
    );
  }
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .map((line, index) => ({
      text: line.replace(/#.*/, "").trim(),
      line: index + 1,
    }))
    .filter(({ text }) => text !== "");
}

async function add(args: Arguments, given: Given[]): Promise<number> {
  const dryRun = args.has("dry-run");
  const parsed = given.map((one) => ({ ...one, ...parseE164(one.text) }));
  const numbers = parsed.flatMap((one) => (one.ok ? [one.phoneNumber] : []));
  const before = dryRun ? await knownInPool(database(), numbers) : new Set<string>();
  const fresh = dryRun
    ? new Set(numbers.filter((number) => !before.has(number)))
    : await addToPool(database(), numbers);

  const results = parsed.map((one): Result => {
    if (!one.ok) return { ...one, result: "invalid" };
    // A number that was given twice is added once.
    return { ...one, result: fresh.delete(one.phoneNumber) ? "added" : "already there" };
  });
  const count = (result: Result["result"]) => results.filter((one) => one.result === result).length;
  const [added, alreadyThere, invalid] = [count("added"), count("already there"), count("invalid")];

  if (args.has("json")) {
    printJson({
      dry_run: dryRun,
      added,
      already_there: alreadyThere,
      invalid,
      numbers: results.map((one) => ({
        input: one.text,
        line: one.line ?? null,
        result: one.result.replace(" ", "_"),
        ...(one.result === "invalid" ? { reason: one.reason } : { phone_number: one.phoneNumber }),
      })),
    });
  } else {
    process.stdout.write(results.map((one) => resultLine(one, dryRun)).join(""));
    process.stdout.write(
      `\n${dryRun ? `Would add ${added}` : `${added} added`}, ${alreadyThere} already there, ${invalid} invalid.\n`,
    );
  }
  for (const one of parsed) {
    if (one.ok && !one.valid) {
      process.stderr.write(
        `${paint("yellow", "Warning:")} ${where(one)}${formatPhoneNumber(one.phoneNumber)} has a possible length but is in no numbering plan we know; ${dryRun ? "it would be added all the same" : "it is in the pool all the same"}.\n`,
      );
    }
  }
  if (!args.has("json")) {
    process.stderr.write(
      dryRun
        ? "Nothing was written. Run it again without --dry-run to add them.\n"
        : "Next: “npm run numbers” shows the pool, “npm run doctor” checks it against Twilio.\n",
    );
  }
  return invalid > 0 ? 1 : 0;
}

function where({ line }: Given): string {
  return line === undefined ? "" : `line ${line}: `;
}

function resultLine(one: Result, dryRun: boolean): string {
  if (one.result === "invalid") {
    return `invalid        ${where(one)}“${printable(one.text)}” ${one.reason}\n`;
  }
  const what = dryRun && one.result === "added" ? "would add" : one.result;
  return `${what.padEnd(15)}${where(one)}${formatPhoneNumber(one.phoneNumber)}\n`;
}

// A file may hold anything; a terminal obeys control characters.
function printable(text: string): string {
  return withoutForgingMarks(text).slice(0, 60);
}

async function show(args: Arguments): Promise<number> {
  const { available, assigned, companiesWaiting } = await poolStatus(database());
  const gone = await goneNumbers(database());
  const entries = await listPool(database(), args.has("list") ? undefined : "assigned");
  const threshold = environment().LOW_POOL_THRESHOLD;
  const low = available < threshold;
  if (args.has("json")) {
    printJson({
      available,
      assigned,
      companies_waiting: companiesWaiting,
      low,
      low_threshold: threshold,
      gone: gone.map(({ phoneNumber, companyId, since }) => ({
        phone_number: phoneNumber,
        company_id: companyId,
        since,
      })),
      numbers: entries.map((entry) => ({
        phone_number: entry.phoneNumber,
        status: entry.status,
        company_id: entry.companyId,
        company_name: entry.companyName,
        assigned_at: entry.assignedAt,
        created_at: entry.createdAt,
      })),
    });
    return 0;
  }
  const waiting = `${companiesWaiting} ${companiesWaiting === 1 ? "company has" : "companies have"} no number yet.`;
  const totals = `${available} available, ${assigned} assigned, ${available + assigned} in all`;
  const heading = low
    ? `LOW: ${available} available, fewer than ${threshold} (LOW_POOL_THRESHOLD); ${waiting}\n${totals}.`
    : `${totals}; ${waiting}`;
  const alarms = gone.map(
    ({ phoneNumber, companyId, since }) =>
      `GONE: ${formatPhoneNumber(phoneNumber)}, company ${companyId}'s, is not in the Twilio account any more (seen ${since}). Buy it again or ask Twilio's support, then “npm run sync”.`,
  );
  process.stdout.write([...alarms, heading, ...entries.map(entryLine), ""].join("\n"));
  process.stderr.write(
    args.has("list")
      ? "Next: “npm run numbers -- --help” says how to add more.\n"
      : "Next: “npm run numbers -- --list” shows every number, “npm run numbers -- NUMBER…” adds to them.\n",
  );
  return 0;
}

function entryLine(entry: PoolEntry): string {
  const whose =
    entry.status === "assigned"
      ? `${printable(entry.companyName ?? "")} (company ${entry.companyId}) since ${entry.assignedAt}`
      : `available since ${entry.createdAt}`;
  return `${formatPhoneNumber(entry.phoneNumber).padEnd(22)}${whose}`;
}

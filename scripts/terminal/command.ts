import { existsSync } from "node:fs";
import { parseArgs, styleText } from "node:util";
import type { Knex } from "knex";
import { closeDatabase, createDatabase, sqliteFile } from "../../app/db.server.ts";
import {
  isDatabaseUnavailable,
  whatIsInTheWay,
  whyNoDatabase,
} from "../../app/domain/database-errors.server.ts";
import { withoutForgingMarks } from "../../app/domain/written-text.ts";
import { environment, EnvironmentError } from "../../app/env.server.ts";
import { UnfitDatabaseError } from "../../app/migrate.server.ts";
import { folded } from "./output.ts";

/** What an option is, as `parseArgs` and `--help` need it. */
export interface Option {
  type: "boolean" | "string";
  /** what stands for the value in `--help`: FILE, N … */
  value?: string;
  help: string;
}

/** A command of `scripts/`: what `--help` says and what may be given. */
export interface Command {
  /** as typed: `npm run numbers --` */
  name: string;
  summary: string;
  /** command lines without the name, each with what it does */
  examples: readonly (readonly [args: string, does: string])[];
  /** what stands for the positional arguments, `[NUMBER…]`; without it none are taken */
  positionals?: string;
  options: Readonly<Record<string, Option>>;
  /** what Ctrl-C leaves at this moment, one sentence; by default, that nothing was changed */
  stopped?: (args: Arguments) => string;
  /**
   * ends by itself, with exit code 130, soon after Ctrl-C has aborted `signal`; a second one ends
   * it at once
   */
  endsItself?: true;
  /**
   * runs only as long as somebody reads stdout; other commands do their work whether or not they
   * are read
   */
  endsWithReader?: true;
  /** itself reports a stdout that cannot be written */
  watchesOutput?: true;
}

/** The command line, taken apart. */
export interface Arguments {
  positionals: string[];
  /** whether a boolean option was given */
  has(option: string): boolean;
  /** the value of a string option */
  get(option: string): string | undefined;
  /** aborted by Ctrl-C, for a command that `endsItself` */
  signal: AbortSignal;
}

/** An error to report in one line, without a stack; exit code 1 (or `exitCode`). */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(
    message: string,
    readonly exitCode: number = 1,
  ) {
    super(message);
  }
}

/** Wrong usage: exit code 2. */
export class UsageError extends CommandError {
  override name = "UsageError";
  constructor(message: string) {
    super(message, 2);
  }
}

const everyCommand: Record<string, Option> = {
  json: { type: "boolean", help: "print one JSON document on stdout" },
  help: { type: "boolean", help: "show this" },
};

/**
 * Runs a command to its end and sets the process's exit code: what `run` returns, 1 on a failure, 2
 * on wrong usage. Data goes to stdout; progress, warnings and errors to stderr. The database is
 * closed.
 */
export async function runCommand(
  command: Command,
  run: (args: Arguments) => Promise<number>,
): Promise<void> {
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is not a fault.
    if (code === "EPIPE" && command.endsWithReader) process.exit(0);
    if (code === "EPIPE" || command.watchesOutput) return;
    process.stderr.write(`${paint("red", "Error:")} stdout cannot be written (${code}).\n`);
    process.exit(1);
  });
  // Nobody is left to be told; the exit code still says how it went.
  process.stderr.on("error", () => {});
  const stopping = new AbortController();
  let args: Arguments | undefined;
  let isTold = false;
  const tellStopped = () => {
    if (isTold) return;
    isTold = true;
    const left = (args && command.stopped?.(args)) ?? "Nothing was changed.";
    process.stderr.write(
      `\n${folded(`Stopped before it was done. ${left}`, process.stderr, "")}\n`,
    );
  };
  const endAtOnce = () => {
    tellStopped();
    // A thread of SQLite's may be waiting for another process's lock, and an exit would wait for
    // the thread. To a shell both ways to end are 130.
    if (sqliteFile(environment().DATABASE_URL) !== undefined) {
      process.removeAllListeners("SIGINT");
      process.kill(process.pid, "SIGINT");
    }
    process.exit(130);
  };
  process.on("SIGINT", () => {
    if (!command.endsItself || stopping.signal.aborted) return endAtOnce();
    stopping.abort();
    // What it waits for may take longer; a transaction that was not committed leaves nothing.
    setTimeout(endAtOnce, 1_000).unref();
  });
  try {
    args = parse(command, process.argv.slice(2), stopping.signal);
    if (args.has("help")) {
      process.stdout.write(helpOf(command));
      return;
    }
    process.exitCode = await run(args);
    if (stopping.signal.aborted) tellStopped();
  } catch (error) {
    const { message, exitCode } = explain(command, error);
    // What was typed is repeated, and a terminal obeys control characters.
    const lines = message.split("\n").map(withoutForgingMarks);
    process.stderr.write(marked("red", "Error:", lines.join("\n")));
    process.exitCode = exitCode;
  } finally {
    await Promise.all([closeDatabase(), opened?.destroy()]);
  }
}

let opened: Knex | undefined;

/**
 * The database for work that takes longer than a request may. It has one connection, is opened at
 * the first use, and closed when the command is over.
 * @param statementTimeout milliseconds; 0 means no limit
 */
export function operatorsDatabase(statementTimeout = 60_000): Knex {
  opened ??= createDatabase(environment().DATABASE_URL, { poolMax: 1, statementTimeout });
  return opened;
}

/** DATABASE_URL's SQLite file if it does not exist yet: opening the database would make it. */
export function missingDatabase(): string | undefined {
  const file = sqliteFile(environment().DATABASE_URL);
  return file !== undefined && !existsSync(file) ? file : undefined;
}

/** @throws {CommandError} if {@link missingDatabase} names a file */
export function requireDatabase(): void {
  const file = missingDatabase();
  if (file !== undefined) {
    throw new CommandError(
      `There is no database at ${file}. Run “npm run migrate” to make it, or set DATABASE_URL.`,
    );
  }
}

/** Prints the single document of `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Colours `text` if stderr is a terminal that wants colours. */
export function paint(colour: "red" | "yellow" | "bold", text: string): string {
  return styleText(colour, text, { stream: process.stderr });
}

/** Prints a warning on stderr, in the place of a progress bar if there is one. */
export function warn(message: string): void {
  const clearLine = process.stderr.isTTY ? "\r\x1b[K" : "";
  process.stderr.write(clearLine + marked("yellow", "Warning:", message));
}

function marked(colour: "red" | "yellow", mark: string, message: string): string {
  const line = folded(`${mark} ${message}`, process.stderr);
  return `${paint(colour, mark)}${line.slice(mark.length)}\n`;
}

function parse(command: Command, argv: string[], signal: AbortSignal): Arguments {
  const options = { ...command.options, ...everyCommand };
  const { values, positionals, tokens } = parseArgs({
    args: argv,
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const wrong = (what: string) => new UsageError(`${what} See “${command.name} --help”.`);
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = options[token.name];
    if (!option) {
      const near = nearest(token.name, Object.keys(options));
      throw wrong(`Unknown option ${token.rawName}.${near ? ` Did you mean --${near}?` : ""}`);
    }
    const hasValue = token.value !== undefined;
    if (hasValue !== (option.type === "string")) {
      throw wrong(`${token.rawName} ${hasValue ? "takes no" : "needs a"} value.`);
    }
  }
  if (!command.positionals && positionals.length > 0) {
    throw wrong(`“${positionals[0]}” is not expected here.`);
  }
  return {
    positionals,
    has: (option) => values[option] === true,
    get: (option) => {
      const value = values[option];
      return typeof value === "string" ? value : undefined;
    },
    signal,
  };
}

function helpOf(command: Command): string {
  const examples = command.examples.map(
    ([args, does]) => `  ${`${command.name} ${args}`.trim()}\n      ${does}\n`,
  );
  const options = Object.entries({ ...command.options, ...everyCommand }).map(
    ([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ""}`.padEnd(22)}${help}\n`,
  );
  return [
    `${command.summary}\n\nExamples\n`,
    ...examples,
    `\nUsage\n  ${command.name} ${command.positionals ? `${command.positionals} ` : ""}[options]\n\nOptions\n`,
    ...options,
    "\nReads DATABASE_URL and the rest from the environment and from .env.\n",
  ].join("");
}

function explain({ name }: Command, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof EnvironmentError) return new CommandError(error.message);
  const inTheWay = whatIsInTheWay(error);
  if (inTheWay !== undefined) return new CommandError(inTheWay);
  if (error instanceof UnfitDatabaseError || isDatabaseUnavailable(error)) {
    const why = error instanceof UnfitDatabaseError ? error.message : whyNoDatabase(error);
    return new CommandError(
      `The database ${why}. Check DATABASE_URL and that the server runs, then try again.`,
    );
  }
  if (isMissingTable(error)) {
    return new CommandError(
      "The database has no tables of this program yet. Run “npm run migrate” first.",
    );
  }
  const code = (error as { code?: unknown } | null)?.code;
  return new CommandError(
    `${name} failed${typeof code === "string" ? ` (${code})` : ""}. “npm run doctor” looks for the cause; the database's own log has more.`,
  );
}

function isMissingTable(error: unknown): boolean {
  const { code, message = "" } = error as { code?: string; message?: string };
  return code === "42P01" || code === "42703" || /no such (table|column)/.test(message);
}

/** The word that `typed` was probably meant to be, or undefined if none is close. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, distance: editDistance(typed, word) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0]?.word;
}

// Levenshtein's; `row` holds the distances from the part of `a` read so far to each beginning of
// `b`.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, length) => length);
  for (const letter of a) {
    const next = [row[0]! + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

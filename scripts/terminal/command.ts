import { existsSync } from "node:fs";
import { parseArgs, styleText } from "node:util";
import { closeDatabase, sqliteFile } from "../../app/db.server.ts";
import { isDatabaseUnavailable } from "../../app/domain/database-errors.server.ts";
import { environment, EnvironmentError } from "../../app/env.server.ts";

/** What an option is, as `parseArgs` and `--help` need it. */
export interface Option {
  type: "boolean" | "string";
  /** what stands for the value in `--help`: FILE, N … */
  value?: string;
  help: string;
}

/** A command of `scripts/`: what `--help` says and what may be given. */
export interface Command {
  /** as it is typed: `npm run numbers --` */
  name: string;
  summary: string;
  /** command lines without the name, each with what it does */
  examples: readonly (readonly [args: string, does: string])[];
  /** what stands for the positional arguments, `[NUMBER…]`; without it none are taken */
  positionals?: string;
  options: Readonly<Record<string, Option>>;
}

/** The command line, taken apart. */
export interface Arguments {
  positionals: string[];
  /** whether a boolean option was given */
  has(option: string): boolean;
  /** the value of a string option */
  get(option: string): string | undefined;
}

/** Something to be told in one line, without a stack; exit code 1 (or `exitCode`). */
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
 * Runs a command to its end and sets the process's exit code: what `run` returns, 1 on a failure, 2 on wrong usage.
 * Data goes to stdout; progress, warnings and errors to stderr. The database is closed.
 */
export async function runCommand(
  command: Command,
  run: (args: Arguments) => Promise<number>,
): Promise<void> {
  // A reader that has seen enough (`| head`) is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    const args = parse(command, process.argv.slice(2));
    if (args.has("help")) {
      process.stdout.write(helpOf(command));
      return;
    }
    process.exitCode = await run(args);
  } catch (error) {
    const { message, exitCode } = explain(command, error);
    process.stderr.write(`${paint("red", "Error:")} ${message}\n`);
    process.exitCode = exitCode;
  } finally {
    await closeDatabase();
  }
}

/**
 * Ends the command with a clear line where a SQLite file that is to be read is not there: opening it would make one.
 * @throws {CommandError}
 */
export function requireDatabase(): void {
  const file = sqliteFile(environment().DATABASE_URL);
  if (file !== undefined && !existsSync(file)) {
    throw new CommandError(
      `There is no database at ${file}. Run “npm run migrate” to make it, or set DATABASE_URL.`,
    );
  }
}

/** Colours `text` where stderr is a terminal and NO_COLOR is not set. */
export function paint(colour: "red" | "yellow" | "green" | "bold" | "dim", text: string): string {
  return process.stderr.isTTY && !process.env.NO_COLOR ? styleText(colour, text) : text;
}

function parse(command: Command, argv: string[]): Arguments {
  const options = { ...command.options, ...everyCommand };
  const { values, positionals, tokens } = parseArgs({
    args: argv,
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type }]) => [name, { type }]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = options[token.name];
    if (!option) {
      const near = nearest(token.name, Object.keys(options));
      throw new UsageError(
        `Unknown option ${token.rawName}.${near ? ` Did you mean --${near}?` : ""} ${seeHelp(command)}`,
      );
    }
    if (option.type === "string" && typeof token.value !== "string") {
      throw new UsageError(`${token.rawName} needs a value. ${seeHelp(command)}`);
    }
    if (option.type === "boolean" && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value. ${seeHelp(command)}`);
    }
  }
  if (!command.positionals && positionals.length > 0) {
    throw new UsageError(`“${positionals[0]}” is not expected here. ${seeHelp(command)}`);
  }
  return {
    positionals,
    has: (option) => values[option] === true,
    get: (option) => {
      const value = values[option];
      return typeof value === "string" ? value : undefined;
    },
  };
}

function seeHelp(command: Command): string {
  return `See “${command.name} --help”.`;
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

function explain(command: Command, error: unknown): { message: string; exitCode: number } {
  if (error instanceof CommandError) return error;
  if (error instanceof EnvironmentError) {
    return { message: error.message, exitCode: 1 };
  }
  if (isDatabaseUnavailable(error)) {
    return {
      message:
        "The database cannot be reached or is busy. Check DATABASE_URL and that the server runs, then try again.",
      exitCode: 1,
    };
  }
  if (isMissingTable(error)) {
    return {
      message: "The database has no tables of this program yet. Run “npm run migrate” first.",
      exitCode: 1,
    };
  }
  const code = (error as { code?: unknown } | null)?.code;
  return {
    message: `${command.name} failed${typeof code === "string" ? ` (${code})` : ""}. Nothing more is known; run it again, and report it if it stays.`,
    exitCode: 1,
  };
}

function isMissingTable(error: unknown): boolean {
  const { code, message = "" } = error as { code?: string; message?: string };
  return code === "42P01" || code === "42703" || /no such (table|column)/.test(message);
}

/** The word that `typed` may have been meant to be, or undefined where none is near. */
function nearest(typed: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, distance: editDistance(typed, word) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0]?.word;
}

// Levenshtein, 1966.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

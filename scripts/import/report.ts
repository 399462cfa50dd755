import { formatPhoneNumber } from "../../app/domain/e164.ts";
import { withoutForgingMarks } from "../../app/domain/written-text.ts";
import { warn } from "../terminal/command.ts";
import type { Output } from "../terminal/output.ts";
import type { Given } from "./numbers.ts";

/** What happened to each number given: lines or one JSON document on stdout, warnings on stderr. */

export type Result = Given &
  (
    | { result: "added" | "already there"; phoneNumber: string }
    | { result: "invalid"; reason: string }
  );

/** How many lines a person sees; a file or a program gets them all. */
const mostOnTerminal = 1_000;
const mostWarnings = 20;

export class Report {
  added = 0;
  alreadyThere = 0;
  invalid = 0;
  private shown = 0;
  private warned = 0;

  constructor(
    private readonly output: Output,
    private readonly how: { json: boolean; dryRun: boolean; allOrNothing: boolean },
  ) {}

  get lines(): number {
    return this.added + this.alreadyThere + this.invalid;
  }

  /** Counts and prints results. */
  async add(results: readonly Result[]): Promise<void> {
    let text = "";
    for (const one of results) {
      if (one.result === "added") this.added++;
      else if (one.result === "invalid") this.invalid++;
      else this.alreadyThere++;
      text += this.how.json ? this.element(one) : this.line(one);
    }
    await this.output.write(text);
  }

  /** Completes what {@link Report.add} has begun to print; nothing more may come. */
  async end(isComplete: boolean): Promise<void> {
    this.endWarnings();
    if (!this.how.json) return this.output.write(`\n${this.summary()}\n`);
    const counts = JSON.stringify(
      {
        dry_run: this.how.dryRun,
        added: this.added,
        already_there: this.alreadyThere,
        invalid: this.invalid,
        complete: isComplete,
      },
      null,
      2,
    );
    const start = this.shown === 0 ? `{\n  "numbers": []` : "\n  ]";
    await this.output.write(`${start},${counts.slice(1)}\n`);
  }

  // Whether any will be added is not known until all have been read.
  private get isStaged(): boolean {
    return this.how.allOrNothing && !this.how.dryRun;
  }

  /** How many of each result there were, as a sentence. */
  summary(): string {
    const { added, alreadyThere, invalid } = this;
    return `${this.how.dryRun ? `Would add ${added}` : `${added} added`}, ${alreadyThere} already there, ${invalid} invalid.`;
  }

  /**
   * What stopping half-way leaves, as a sentence.
   * @param next what adds the rest
   */
  leftBehind(next = "the same command again adds the rest"): string {
    const { added, alreadyThere, invalid, how } = this;
    if (added === 0 || how.dryRun || how.allOrNothing) return "Nothing was changed.";
    return `${this.lines} read: ${added} added, ${alreadyThere} already there, ${invalid} invalid; ${next}.`;
  }

  /** Warns about a number that is possible but in no numbering plan. */
  warn(given: Given, phoneNumber: string): void {
    if (++this.warned > mostWarnings) return;
    warn(
      `${where(given)}${formatPhoneNumber(phoneNumber)} has a possible length but is in no numbering plan we know; ${this.how.dryRun ? "it would be added" : "it is added"} all the same.`,
    );
  }

  // Sums up those that were not reported one by one.
  private endWarnings(): void {
    const more = this.warned - mostWarnings;
    if (more > 0) {
      warn(
        `${more} more ${more === 1 ? "number is" : "numbers are"} in no numbering plan we know.`,
      );
    }
  }

  private element(one: Result): string {
    const element = JSON.stringify(
      {
        input: one.text.slice(0, 1_000),
        line: one.line ?? null,
        result: one.result === "added" && this.isStaged ? "staged" : one.result.replace(" ", "_"),
        ...(one.result === "invalid" ? { reason: one.reason } : { phone_number: one.phoneNumber }),
      },
      null,
      2,
    ).replaceAll("\n", "\n    ");
    return `${this.shown++ === 0 ? `{\n  "numbers": [` : ","}\n    ${element}`;
  }

  private line(one: Result): string {
    if (process.stdout.isTTY && ++this.shown > mostOnTerminal) {
      return this.shown === mostOnTerminal + 1
        ? "… and more, which are counted; “> FILE” keeps a line for each.\n"
        : "";
    }
    if (one.result === "invalid") {
      return `invalid        ${where(one)}“${printable(one.text)}” ${one.reason}\n`;
    }
    const entered = this.how.dryRun ? "would add" : this.isStaged ? "staged" : "added";
    const what = one.result === "added" ? entered : one.result;
    return `${what.padEnd(15)}${where(one)}${formatPhoneNumber(one.phoneNumber)}\n`;
  }
}

function where({ line }: Given): string {
  return line === undefined ? "" : `line ${line}: `;
}

/** Text from a file or a company made safe for a terminal, which would obey control characters. */
export function printable(text: string): string {
  return withoutForgingMarks(text).slice(0, 60);
}

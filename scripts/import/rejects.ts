import { closeSync, openSync, realpathSync, writeSync } from "node:fs";
import { csvLine } from "../../app/http/csv.ts";
import { withoutForgingMarks } from "../../app/domain/written-text.ts";
import { CommandError, UsageError } from "../terminal/command.ts";
import type { Given, Layout } from "./numbers.ts";

/**
 * What was not added, in a form that can be corrected and imported again: a list's lines with the
 * reason as a comment, a table's rows with the line and the reason in two extra columns.
 */
export interface Rejects {
  layout: Layout;
  write(given: Given, reason: string): void;
  close(): void;
}

/**
 * Opens the file first, so that a bad path is found before anything is done; without a file,
 * rejects go to stderr.
 * @param source the file being read, which must not be overwritten
 * @param beforeWriting is called before a line goes to stderr, where a progress bar may stand
 * @throws {CommandError}
 */
export function openRejects(
  file: string | undefined,
  source: string,
  beforeWriting: () => void,
): Rejects {
  if (file !== undefined && isSame(file, source)) {
    throw new UsageError(`--rejects would write over ${source} itself; name another file.`);
  }
  const failed = (error: unknown) =>
    new CommandError(`The rejects cannot be written to ${file ?? "stderr"}${reasonOf(error)}.`);
  let descriptor: number;
  try {
    descriptor = file === undefined ? 2 : openSync(file, "w");
  } catch (error) {
    throw failed(error);
  }
  let hasBegun = false;
  const rejects: Rejects = {
    layout: { isTable: false },
    write(given, reason) {
      const { header, isTable } = rejects.layout;
      const own = header === undefined ? undefined : withoutOurs(header, header);
      const beginning = hasBegun || !own ? "" : csvLine([...own, "line", "reason"]);
      hasBegun = true;
      const line = given.line ?? null;
      const entry =
        isTable && given.cells
          ? csvLine([...withoutOurs(given.cells, header), line, reason])
          : `${given.text} # line ${line}: ${reason}\n`;
      if (file === undefined) beforeWriting();
      try {
        const text = beginning + entry;
        // A terminal would obey control characters.
        const isSeen = file === undefined && process.stderr.isTTY;
        writeWhole(
          descriptor,
          isSeen ? text.split(/\r?\n/).map(withoutForgingMarks).join("\n") : text,
        );
      } catch (error) {
        // A closed stderr means that nobody wants them; stdout has them too.
        const isUnread = file === undefined && (error as NodeJS.ErrnoException).code === "EPIPE";
        if (!isUnread) throw failed(error);
      }
    },
    close() {
      if (file !== undefined) closeSync(descriptor);
    },
  };
  return rejects;
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const why: Record<string, string> = {
    ENOENT: ": there is no such directory",
    EACCES: ": you may not write it",
    EISDIR: ": it is a directory",
    ENOSPC: ": the disk is full",
  };
  return why[code ?? ""] ?? ` (${code})`;
}

/** The cells but those of a former import's line and reason, which would be said twice. */
function withoutOurs(
  cells: readonly string[],
  header: readonly string[] | undefined,
): readonly string[] {
  const isOurs = header?.at(-2) === "line" && header.at(-1) === "reason";
  return isOurs ? cells.slice(0, header.length - 2) : cells;
}

function writeWhole(descriptor: number, text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(descriptor, left));
    } catch (error) {
      // A pipe whose reader is slow.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

function isSame(file: string, source: string): boolean {
  try {
    return realpathSync(file) === realpathSync(source);
  } catch {
    return false;
  }
}

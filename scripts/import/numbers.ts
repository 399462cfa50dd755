import { once } from "node:events";
import { CsvError, parse } from "csv-parse";
import { parseE164, partOfNumber, type ParsedNumber } from "../../app/domain/e164.ts";
import { CommandError } from "../terminal/command.ts";
import type { Source } from "./text.ts";

/**
 * The numbers in a file: a list with one per line, where `#` begins a comment, or a table (CSV).
 */

/** What somebody gave as a number. */
export interface Given {
  text: string;
  /** its line in the file */
  line?: number;
  /** the whole row of a table */
  cells?: readonly string[];
  /** why it cannot be added, whatever it says */
  refused?: string;
}

/** What kind of file it is, once its beginning has been read. */
export interface Layout {
  /** a table's column names, if it has any */
  header?: readonly string[];
  isTable: boolean;
}

/** No row or line of numbers is longer; this catches a quote that never ends. */
const longestRow = 64 * 1024;
const sampleSize = 200;
const delimiters = [",", ";", "\t"];

/**
 * The numbers of `source`, in its order, some at a time.
 * @param onLayout is told what kind of file it is, before the first number
 * @throws {CommandError} if it is unclear which column has the numbers, or a row never ends;
 * everything before that has been yielded by then
 */
export async function* numbersIn(
  source: Source,
  onLayout: (layout: Layout) => void,
): AsyncGenerator<Given[], void, undefined> {
  let take: ((row: Row) => Given | undefined) | undefined;
  let held: Row[] = [];
  const taken = (rows: readonly Row[]) => {
    if (!take) {
      const chosen = choose(rows, source.name);
      onLayout(chosen.layout);
      take = chosen.take;
    }
    return rows.flatMap((row) => take!(row) ?? []);
  };
  let failure: unknown;
  try {
    for await (const rows of rowsIn(source)) {
      if (take) yield taken(rows);
      else {
        held.push(...rows);
        if (held.length < sampleSize) continue;
        yield taken(held);
        held = [];
      }
    }
  } catch (error) {
    failure = error;
  }
  if (held.length > 0) yield taken(held);
  if (failure) throw failure as Error;
}

/** A line of a list, or a row of a table: where it begins, and what is in it. */
interface Row {
  line: number;
  cells: string[];
  isTable: boolean;
}

async function* rowsIn(source: Source): AsyncGenerator<Row[], void, undefined> {
  let piece = "";
  for (;;) {
    const next = await source.text.next();
    if (next.done) break;
    piece += next.value;
    if (piece.length >= longestRow) break;
  }
  const delimiter = delimiterOf(piece);
  const isTable = delimiter !== undefined;
  const parser = parse({
    // A list is not split: this code point is not a character, so it never occurs.
    delimiter: delimiter ?? "\uffff",
    quote: isTable ? '"' : null,
    relax_quotes: true,
    relax_column_count: true,
    record_delimiter: "\n",
    max_record_size: longestRow,
  });
  // The error is read from `errored`.
  parser.on("error", () => {});
  let line = 1;
  const parsed = () => {
    const rows: Row[] = [];
    for (;;) {
      const record = parser.read() as string[] | null;
      if (!record) return rows;
      const cells = isTable ? record : [record[0]!.replace(/#.*/, "").trim()];
      const isEmpty = cells.every((cell) => cell.trim() === "") || cells[0]!.startsWith("#");
      if (!isEmpty) rows.push({ line, cells, isTable });
      line += 1 + linesWithin(record);
    }
  };
  try {
    for (;;) {
      parser.write(piece);
      yield parsed();
      if (parser.errored) throw parser.errored;
      const next = await source.text.next();
      if (next.done) break;
      piece = next.value;
    }
    const ended = once(parser, "readable");
    parser.end();
    await ended;
    yield parsed();
    if (parser.errored) throw parser.errored;
  } catch (error) {
    throw error instanceof CsvError ? endless(source.name, line, error) : error;
  }
}

const linesWithin = (record: readonly string[]) =>
  record.reduce(
    (lines, cell) => lines + (cell.includes("\n") ? cell.split("\n").length - 1 : 0),
    0,
  );

function endless(name: string, line: number, { code }: CsvError): CommandError {
  const what =
    code === "CSV_QUOTE_NOT_CLOSED"
      ? "begins a quote that never ends"
      : `is longer than ${longestRow} characters, or begins a quote that never ends`;
  return new CommandError(`Line ${line} of ${name} ${what}; nothing from there on was read.`);
}

/** What separates the columns of a table; undefined for a list. */
function delimiterOf(sample: string): string | undefined {
  const lines = sample
    .split("\n", sampleSize)
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/\s#.*/, ""));
  const [most] = delimiters
    .map((delimiter) => ({
      delimiter,
      count: lines.filter((line) => line.includes(delimiter)).length,
    }))
    .sort((a, b) => b.count - a.count);
  return most && most.count > 0 && most.count >= lines.length / 2 ? most.delimiter : undefined;
}

const nameOf = (cell: string) => cell.toLowerCase().replace(/[^\p{L}\p{Nd}]/gu, "");
/** Headings of a plain list; they do not count as invalid numbers. */
const names = /^(phone|telephone|tel|mobile|cell|msisdn|e164)?(numbers?|phones?|no)?$/;

function choose(
  rows: readonly Row[],
  name: string,
): { layout: Layout; take: (row: Row) => Given | undefined } {
  const [first] = rows as [Row, ...Row[]];
  const { isTable } = first;
  const named = first.cells.flatMap((cell, index) => (nameOf(cell) === "phonenumber" ? index : []));
  if (named.length > 1) {
    throw new CommandError(`${name} has ${named.length} columns called phone_number; leave one.`);
  }
  const column = named[0] ?? (isTable ? columnOfNumbers(rows, name) : 0);
  const title = first.cells[column] ?? "";
  const hasHeader = isTable
    ? named.length > 0 || !/\p{Nd}{3}/u.test(title)
    : names.test(nameOf(title));
  const layout: Layout = { isTable, ...(isTable && hasHeader && { header: first.cells }) };
  const take = ({ line, cells }: Row): Given | undefined => {
    if (hasHeader && line === first.line) return undefined;
    const given: Given = { line, text: cells[column] ?? "", ...(isTable && { cells }) };
    const others = named.length > 0 ? [] : cells.filter((_, index) => index !== column);
    if (others.some((cell) => /^[\s"'=]*(\+|00)/.test(cell) && readNumber(cell).ok)) {
      given.refused = "stands beside another number; call the column that is meant phone_number";
    }
    return given;
  };
  return { layout, take };
}

function columnOfNumbers(rows: readonly Row[], name: string): number {
  const width = Math.max(...rows.map(({ cells }) => cells.length));
  const columns = Array.from({ length: width }, (_, index) => index);
  const where = (isSo: (cell: string) => boolean) =>
    columns.filter((index) => rows.some(({ cells }) => isSo(cells[index] ?? "")));
  const sure = where((cell) => readNumber(cell).ok);
  const likely = sure.length > 0 ? sure : where(looksLikeNumber);
  if (likely.length === 1) return likely[0]!;
  throw new CommandError(
    likely.length === 0
      ? `No column of ${name} holds phone numbers. Call the one that should phone_number, in the first line.`
      : `Columns ${likely.map((index) => index + 1).join(" and ")} of ${name} hold numbers. Call the one that is meant phone_number, in the first line.`,
  );
}

const looksLikeNumber = (cell: string) =>
  lost.test(unwrapped(cell)) || (/^[^\p{L}]*$/u.test(cell) && partOfNumber(cell).length >= 7);

/** A number as a spreadsheet shows it in a narrow column, with digits lost. */
const lost = /^[+-]?\d+(?:[.,]\d+)?E\+?\d+$/i;

/** Removes what spreadsheets put around a number to keep it as text: `="+353…"`, `'+353…`. */
function unwrapped(text: string): string {
  const [, formula = text] = /^\s*=\s*(.*?)\s*$/s.exec(text) ?? [];
  const [, inside = formula] = /^\s*"(.*)"\s*$/s.exec(formula) ?? [];
  return inside.replace(/^\s*['’]/, "");
}

/**
 * {@link parseE164} for what a person or a spreadsheet wrote; if it is not a number, with what was
 * likely meant.
 */
export function readNumber(text: string): ParsedNumber {
  const inside = unwrapped(text);
  if (lost.test(inside.trim())) {
    return {
      ok: false,
      reason:
        "has lost digits in a spreadsheet; format the column as text there, and export it again",
    };
  }
  const parsed = parseE164(inside);
  if (parsed.ok || !/^\s*[1-9]\d{7,14}\s*$/.test(inside)) return parsed;
  const withPlus = parseE164(`+${inside.trim()}`);
  if (!withPlus.ok || !withPlus.valid) return parsed;
  return { ok: false, reason: `needs a + before its country code (${withPlus.phoneNumber})` };
}

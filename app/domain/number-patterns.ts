import { partOfNumber } from "#app/domain/e164.ts";
import type { NumberKind } from "#app/domain/number-facts.ts";

/**
 * What a search looks for: words of the index that each number must have, and patterns that then
 * decide.
 */

/** What narrows a list of available numbers; anything absent or empty does not. */
export interface NumberFilter {
  /** consecutive ASCII digits anywhere in the number */
  contains?: string | undefined;
  /** ASCII digits that the number begins with, its calling code first */
  starts?: string | undefined;
  /** ASCII digits that it ends with */
  ends?: string | undefined;
  /** what somebody typed to find a number */
  search?: string | undefined;
  /** ISO 3166-1 alpha-2, in capitals */
  country?: string | undefined;
  /** `mobile` also finds numbers that may be either */
  kind?: NumberKind | undefined;
  /** only those that are easy to remember */
  memorable?: boolean | undefined;
}

/**
 * Part of a number: digits, with `+` before them if it begins with them and `$` after them if it
 * ends with them. `p` and `q` stand for a calling code of two and of three digits.
 */
type Piece = string;

/**
 * What a number containing some pieces must have: every word of `all`, and one of each list of
 * `any` and `common`.
 */
export interface Words {
  all: string[];
  any: string[][];
  /** for two digits anywhere, which one number in twelve has */
  common: string[][];
}

/** What finds the numbers whose digits a filter asks for. */
export interface DigitSearch {
  /** a number fits one of these; empty if every number does */
  words: Words[];
  /** LIKE patterns, one of each list */
  patterns: string[][];
  /** single digits that the number contains: most numbers do, so they have no index words */
  digits: string[];
}

/**
 * Turns a filter's digits into index words, patterns and single digits; all empty if it has no
 * digits.
 */
export function digitSearch({ contains, starts, ends, search }: NumberFilter): DigitSearch {
  const held = contains ? [contains] : [];
  const typed = piecesOf(search ?? "");
  const isDigit = (piece: Piece) => /^\d$/.test(piece);
  const certain: Piece[] = [
    ...held.filter((piece) => !isDigit(piece)),
    ...(starts ? [`+${starts}`] : []),
    ...(ends ? [`${ends}$`] : []),
  ];
  const meant = typed.filter((piece) => !isDigit(piece));
  const ways = meant.length > 0 ? meant.map((piece) => [...certain, piece]) : [certain];
  return {
    words: ways.filter((pieces) => pieces.length > 0).map(wordsOf),
    patterns: [...certain.map((piece) => [patternOf(piece)]), meant.map(patternOf)].filter(
      (any) => any.length > 0,
    ),
    digits: [...held, ...typed].filter(isDigit),
  };
}

/**
 * What was typed finds the numbers that contain its digits, and those that it means: with a leading
 * +, those that begin that way. A leading 00 is dialled for the +, and at home a leading 0 for the
 * country: 086 is +353 86.
 * @returns none if all numbers are found: nothing was typed, or nothing that occurs in a number
 */
function piecesOf(search: string): Piece[] {
  const part = partOfNumber(search);
  const digits = part.replace("+", "");
  if (digits === "") return [];
  if (part !== digits) return [part];
  const [, zeros = "", rest = ""] = /^(0*)(.*)$/.exec(digits) ?? [];
  if (rest === "") return [digits];
  if (zeros === "00") return [digits, `+${rest}`];
  // Countries where a 0 is dialled have calling codes of two or three digits (ITU-T E.164 and
  // E.129).
  return zeros === "0" ? [digits, `p${rest}`, `q${rest}`] : [digits];
}

function patternOf(piece: Piece): string {
  const digits = piece.replace(/\D/g, "");
  if (piece.endsWith("$")) return `%${digits}`;
  const before = { "+": "+", p: "+__", q: "+___" }[piece.charAt(0)];
  return before === undefined ? `%${digits}%` : `${before}${digits}%`;
}

const ten = Array.from({ length: 10 }, (_, digit) => String(digit));

/** `0000` to `9999`. */
export const fourTimes = ten.map((digit) => digit.repeat(4));
/** Marks a digit that a number has four times in a row. */
export const runMark = "rr";

/**
 * The trigrams to look up: after a mark the first one, and two more. More would not pay, since each
 * is another look into the index and the patterns decide anyway. The two are the last ones, which
 * distinguish numbers best, without a digit in common if there is room. A shorter piece is part of
 * one of several trigrams: `8$` of `08$`, `18$`, … A digit four times in a row is a single trigram,
 * which many numbers have, so it has a word of its own, `rr8`.
 */
function wordsOf(pieces: readonly Piece[]): Words {
  const words: Words = { all: [], any: [], common: [] };
  for (const piece of pieces) {
    const mark = /^[+pq]/.exec(piece)?.[0] ?? "";
    if (piece.length < 3) {
      if (mark !== "") words.any.push(ten.map((digit) => piece + digit));
      else if (piece.endsWith("$")) words.any.push(ten.map((digit) => digit + piece));
      else words.common.push([`+${piece}`, ...ten.map((digit) => digit + piece)]);
      continue;
    }
    if (mark !== "") words.all.push(piece.slice(0, 3));
    const runs = [...piece.matchAll(/(\d)\1{3}/g)].map(([, digit = ""]) => digit);
    for (const digit of runs) words.all.push(runMark + digit);
    // After p and q only the first two digits differ from digits anywhere.
    const first = mark === "p" || mark === "q" ? 1 : 0;
    const end = piece.length - 3;
    for (const at of [Math.max(first, end - 3), end]) {
      const word = piece.slice(at, at + 3);
      // Trigrams that its run implies are not looked up.
      const isInRun = runs.some((digit) => word === digit.repeat(3));
      if (at <= end && end >= first && !isInRun) words.all.push(word);
    }
  }
  words.all = [...new Set(words.all)];
  return words;
}

import { callingCodeOf, partOfNumber } from "#app/domain/e164.ts";
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
  /** whether so few numbers have these words that whatever else is asked is looked for in them */
  isRare: boolean;
}

/** What finds the numbers whose digits a filter asks for. */
export interface DigitSearch {
  /** a number fits one of these; empty if every number does, or if none can */
  words: Words[];
  /** LIKE patterns, one of each list */
  patterns: string[][];
  /** single digits that the number contains: most numbers do, so they have no index words */
  digits: string[];
  /** true if no number can match, since those of the country do not begin that way */
  isVain: boolean;
}

/**
 * Turns a filter's digits into index words, patterns and single digits; all empty if it has no
 * digits.
 */
export function digitSearch(filter: NumberFilter): DigitSearch {
  const { contains, starts, ends, search, country } = filter;
  const code = country ? callingCodeOf(country) : undefined;
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
  const possible = ways.filter((pieces) => pieces.every((piece) => canBegin(piece, code)));
  return {
    isVain: possible.length === 0,
    words: possible.filter((pieces) => pieces.length > 0).map((pieces) => wordsOf(pieces, code)),
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

/** Marks a digit that a number has so many times in a row, or more. */
export const runMarks = [
  ["rr", 4],
  ["ss", 6],
] as const;
/** With a length of 4, `0000` to `9999`. */
export const runsOf = (length: number) => ten.map((digit) => digit.repeat(length));

/** Calling codes of two digits; +1 and +7 have one, and all others three (ITU-T E.164). */
export const twoDigitCodes = (
  "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 " +
  "64 65 66 81 82 84 86 90 91 92 93 94 95 98"
).split(" ");

/** How long the calling code is of a number that begins with some digits, two or more. */
export const codeLength = (digits: string) =>
  /^[17]/.test(digits) ? 1 : twoDigitCodes.includes(digits.slice(0, 2)) ? 2 : 3;

/** Whether numbers with a calling code may begin with a piece. */
function canBegin(piece: Piece, code = ""): boolean {
  const digits = piece.slice(1);
  return !piece.startsWith("+") || digits.startsWith(code) || code.startsWith(digits);
}

/** A trigram whose first digits are the last ones of a calling code: `35'3`. */
const crossing = (trigram: string, inCode: number) =>
  `${trigram.slice(0, inCode)}'${trigram.slice(inCode)}`;

/**
 * The words for a trigram that has so many digits before it, or more: after the calling code it is
 * another word than within. Otherwise a search for 353 among American numbers would go through all
 * Irish ones.
 */
function wordsFor(trigram: string, before: number, code: string | undefined): string[] {
  const inCode = [1, 2, 3].filter((digits) =>
    code === undefined
      ? digits <= 3 - before && (digits < 3 || codeLength(trigram) === 3)
      : digits <= code.length - before && code.endsWith(trigram.slice(0, digits)),
  );
  return [trigram, ...inCode.map((digits) => crossing(trigram, digits))];
}

/**
 * The trigrams to look up: after a mark the first one, and two more. More would not pay, since each
 * is another look into the index and the patterns decide anyway. The two are the last ones, which
 * distinguish numbers best, without a digit in common if there is room. A shorter piece is part of
 * one of several trigrams: `8$` of `08$`, `18$`, … A digit four times in a row is a single trigram,
 * which many numbers have, so it has a word of its own, `rr8`, and six times `ss8`. At a number's
 * end no trigram is taken for one in the calling code: a number of up to seven digits, where it
 * might be, has both.
 */
function wordsOf(pieces: readonly Piece[], code: string | undefined): Words {
  /** Half a pool may begin alike. */
  const marks: string[] = [];
  const tens: string[][] = [];
  const common: string[][] = [];
  /** few numbers have one of each of these, unless in their calling codes */
  const rare = new Map<string, string[]>();
  for (const piece of pieces) {
    const mark = /^[+pq]/.exec(piece)?.[0] ?? "";
    const isEnd = piece.endsWith("$");
    if (piece.length < 3) {
      if (mark !== "") tens.push(ten.map((digit) => piece + digit));
      else if (isEnd) tens.push(ten.map((digit) => digit + piece));
      else {
        const first = `+${piece}`;
        common.push([
          ...(canBegin(first, code) ? [first] : []),
          ...ten.flatMap((digit) => wordsFor(digit + piece, 0, code)),
        ]);
      }
      continue;
    }
    if (mark !== "") marks.push(piece.slice(0, 3));
    const runs = [...piece.matchAll(/(\d)\1{3,}/g)].map(([run]) => run);
    for (const run of runs) {
      const word = runMarks.findLast(([, length]) => run.length >= length)![0] + run[0];
      rare.set(word, [word]);
    }
    const rest = piece.slice(mark.length);
    const end = rest.length - 3;
    for (const at of new Set([Math.max(0, end - 3), end])) {
      const word = rest.slice(at, at + 3);
      // Trigrams that its run implies are not looked up.
      const isInRun = runs.some((run) => run.startsWith(word));
      if (end < 0 || isInRun) continue;
      if (isEnd) rare.set(word, [word]);
      else if (mark === "+") {
        const inCode = Math.min(codeLength(rest) - at, 3);
        if (inCode > 0) marks.push(crossing(word, inCode));
        else rare.set(word, [word]);
      } else rare.set(word, wordsFor(word, at + ({ p: 2, q: 3 }[mark] ?? 0), code));
    }
  }
  const lists = [...rare.values()];
  // A word that may cross a calling code may be in half the pool.
  const sure = lists.filter((list) => !list[1]).flat();
  const isRare = sure.length > 1;
  return {
    all: [...new Set([...(isRare ? [] : marks), ...sure])],
    any: [...(isRare ? [] : tens), ...lists.filter((list) => list[1])],
    common: isRare ? [] : common,
    isRare,
  };
}

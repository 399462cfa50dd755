/**
 * Names and sentences as people write them. Some invisible marks are part of spelling: joiners, in
 * Persian, in Indian scripts and in emoji, and the marks of direction beside them. Others can be
 * used to forge what people read on pages and in logs.
 */

const harmless = String.raw`[\u200C-\u200F\u061C\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2]`;
const forging = String.raw`(?!${harmless})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u2800\u3164\uFFA0]`;
const oneForging = new RegExp(forging, "u");
const allForging = new RegExp(forging, "gu");
// The flags of England, Scotland and Wales are spelled in tags (Unicode Technical Standard 51).
const tagged = /(?<=\u{1F3F4})[\u{E0020}-\u{E007E}]+\u{E007F}/gu;

/**
 * Whether a text contains control characters, direction overrides, blanks other than spaces, or
 * halves of characters.
 */
export function holdsForgingMarks(text: string): boolean {
  return oneForging.test(text.replace(tagged, ""));
}

/** The text with a � for each such mark, for a terminal, which would obey it. */
export function withoutForgingMarks(text: string): string {
  return text.replace(allForging, "�");
}

/** A text of one line in stored form: NFC, without spaces and invisible marks at its ends. */
export function withoutStrayMarks(text: string): string {
  const signs = Array.from(text.normalize("NFC"));
  let [start, end] = [0, signs.length];
  while (start < end && isBlank(signs[start]!)) start++;
  while (end > start && isStrayAtEnd(signs[end - 1]!, signs[end - 2])) end--;
  return signs.slice(start, end).join("");
}

function isBlank(sign: string): boolean {
  return /[\s\p{Default_Ignorable_Code_Point}\u2800]/u.test(sign);
}

function isStrayAtEnd(sign: string, before = ""): boolean {
  // Variation selectors of emoji, and the end of a flag.
  if (/[\p{Variation_Selector}\u{E007F}]/u.test(sign)) return false;
  // Joining letters change shape before a joiner, and it decides whether a virama is visible.
  if (/[\u200C\u200D]/.test(sign)) return !/[\p{Script=Arabic}\p{M}]/u.test(before);
  return isBlank(sign);
}

/**
 * Comma-separated values (RFC 4180), for programs and for spreadsheets. A spreadsheet takes a cell
 * that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula, so such text gets an
 * apostrophe before it. Some split lines at semicolons or tabs and ignore quotes inside a line, so
 * whatever could begin a cell there gets one too (OWASP, "CSV Injection"). A phone number stays as
 * it is: a plus, digits and spaces compute nothing.
 */

/** A line, with its line break; null is an empty cell. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^\+\d[\d ]*$/.test(value) ? value : withoutFormulas(value);
  return /[",;|\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The wide forms too: some spreadsheets read them as the narrow ones.
function withoutFormulas(text: string): string {
  return text
    .replaceAll(/([",;|\t\r\n]|^)(?=\s*[=+\-@＝＋－＠])/g, "$1'")
    .replace(/^(?=[\t\r\n])/, "'");
}

/**
 * Times are kept in UTC to the second, as text `YYYY-MM-DD HH:MM:SS`: what SQLite holds and what
 * PostgreSQL's `timestamp` without zone reads. The drivers' own Date handling is not used: one
 * writes numbers, the other local time. Adopted tables also have times in other forms; any that can
 * mean only one time is read.
 */

/** A time as the database holds it: `YYYY-MM-DD HH:MM:SS`, UTC; PostgreSQL may add a fraction. */
export type DatabaseTime = string;

/** @param at defaults to now */
export function toDatabaseTime(at: Date = new Date()): DatabaseTime {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** Stands in for the time of a row that has none: pages and cursors need one for every row. */
export const unknownTime: DatabaseTime = "1970-01-01 00:00:00";

const iso =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ]\s*(?<hour>[01]\d|2[0-4]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.\d+)?)?\s*(?:[zZ]|(?<sign>[+-])(?<zoneHour>0\d|1[0-5]):?(?<zoneMinute>[0-5]\d)?(?::(?<zoneSecond>[0-5]\d))?)?)?\s*$/;

/**
 * Reads a time in any form that can mean only one time: a {@link DatabaseTime}; ISO 8601 with `T`,
 * a fraction or a zone, without one in UTC; seconds or milliseconds since 1970, as a number or as
 * text, of the years 1973 to 2286.
 * @returns undefined for anything else: nothing, words, `01/02/2024`, a day that no month has,
 * infinity
 */
export function readTime(value: unknown): Date | undefined {
  if (typeof value === "number") return sinceEpoch(value);
  if (typeof value !== "string") return undefined;
  if (/^\d{9,13}(\.\d+)?$/.test(value)) return sinceEpoch(Number(value));
  const parts = iso.exec(value)?.groups;
  if (!parts) return undefined;
  const part = (name: string) => Number(parts[name] ?? 0);
  const [year, month, day] = [part("year"), part("month") - 1, part("day")];
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  const zone = part("zoneHour") * 3600 + part("zoneMinute") * 60 + part("zoneSecond");
  const seconds = part("hour") * 3600 + part("minute") * 60 + part("second");
  date.setTime(date.getTime() + (seconds - (parts["sign"] === "-" ? -zone : zone)) * 1000);
  return isShown(date) ? date : undefined;
}

// Smaller numbers are days, or a date without its dashes.
function sinceEpoch(value: number): Date | undefined {
  if (value >= 1e8 && value < 1e10) return new Date(Math.floor(value) * 1000);
  return value >= 1e11 && value < 1e13 ? new Date(Math.floor(value)) : undefined;
}

// RFC 3339 allows a year four digits; converting from a zone may need more.
const isShown = (date: Date) => date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999;

/**
 * Reads a time as {@link readTime} does; an invalid Date (NaN) if it is not a time. Never throws.
 */
export function fromDatabaseTime(value: DatabaseTime | number): Date {
  return readTime(value) ?? new Date(Number.NaN);
}

/**
 * Whether `text` is a time in the stored form, on a day that exists: other programs may have
 * written it.
 */
export function isDatabaseTime(text: string): boolean {
  // PostgreSQL has no year 0.
  const kept = /^(?!0000)\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/;
  return kept.test(text) && readTime(text) !== undefined;
}

const asKept =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$/;

/**
 * RFC 3339 in UTC, to the second: `2024-01-01T00:00:00Z`. Anything else is shown as {@link
 * unknownTime}: no single row may break a list, and the doctor names it.
 */
export function toRfc3339(value: DatabaseTime | number): string {
  // A list has a hundred or more times, and a Date for each was a third of its cost.
  if (typeof value === "string" && asKept.test(value)) {
    return `${value.slice(0, 10)}T${value.slice(11, 19)}Z`;
  }
  return `${toDatabaseTime(readTime(value) ?? new Date(0)).replace(" ", "T")}Z`;
}

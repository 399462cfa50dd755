/**
 * Times are kept in UTC to the second, as text `YYYY-MM-DD HH:MM:SS`: what SQLite holds and what PostgreSQL's
 * `timestamp` without zone reads. The drivers' own Date handling is not used: one writes numbers, the other local time.
 */

/** A time as the database holds it: `YYYY-MM-DD HH:MM:SS`, UTC; PostgreSQL may add a fraction. */
export type DatabaseTime = string;

/** @param at defaults to now */
export function toDatabaseTime(at: Date = new Date()): DatabaseTime {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** Reads a {@link DatabaseTime}; a number is milliseconds since 1970, which older programs left in SQLite. */
export function fromDatabaseTime(value: DatabaseTime | number): Date {
  if (typeof value === "number") return new Date(value);
  const text = value.replace(" ", "T");
  return new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);
}

const asKept = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;

/** Whether `text` is a time as it is kept, of a day that there is: other programs may have written it. */
export function isDatabaseTime(text: string): boolean {
  const seconds = text.slice(0, 19);
  return (
    asKept.test(text) &&
    // PostgreSQL has no year 0; of 30 February JavaScript makes 1 March.
    !seconds.startsWith("0000") &&
    !Number.isNaN(fromDatabaseTime(seconds).getTime()) &&
    toDatabaseTime(fromDatabaseTime(seconds)) === seconds
  );
}

/** RFC 3339 in UTC, to the second: `2024-01-01T00:00:00Z`. */
export function toRfc3339(value: DatabaseTime | number): string {
  // A list has a hundred times and more, and a Date for each was a third of its cost.
  if (typeof value === "string" && asKept.test(value)) {
    return `${value.slice(0, 10)}T${value.slice(11, 19)}Z`;
  }
  return fromDatabaseTime(value).toISOString().slice(0, 19) + "Z";
}

import { says, uniqueConstraintFailed } from "#app/domain/rules/says.ts";

/**
 * What the two drivers' errors mean. The only place that knows their codes and texts; none of it is ever shown.
 * Sources: PostgreSQL "Appendix A. Error Codes"; SQLite "Result and Error Codes".
 */

interface DriverError {
  code?: string;
  message?: string;
}

function driverError(error: unknown): DriverError {
  return typeof error === "object" && error !== null ? error : {};
}

/** The value is there already: `companies.email`, say, or another column that must be unique. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, message = "" } = driverError(error);
  return (
    code === "23505" || (code === "SQLITE_CONSTRAINT" && message.includes(uniqueConstraintFailed))
  );
}

/** The trigger that keeps a company to one number refused. */
export function isCompanyHasNumber(error: unknown): boolean {
  return driverError(error).message?.includes(says.companyHasNumber) ?? false;
}

/** The trigger that assigns a number found no such company. */
export function isNoSuchCompany(error: unknown): boolean {
  return driverError(error).message?.includes(says.noSuchCompany) ?? false;
}

const unavailableCodes = new Set([
  // the network, as Node names it
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  // PostgreSQL: query_canceled, too_many_connections, read_only_sql_transaction, lock_not_available, disk_full
  "57014",
  "53300",
  "25006",
  "55P03",
  "53100",
  // PostgreSQL: serialization_failure, deadlock_detected
  "40001",
  "40P01",
  "SQLITE_BUSY",
  "SQLITE_LOCKED",
  "SQLITE_FULL",
  "SQLITE_IOERR",
  "SQLITE_CANTOPEN",
  "SQLITE_READONLY",
  "SQLITE_CORRUPT",
  "SQLITE_NOTADB",
]);

/**
 * The database is away, full, locked or too slow: the same request may succeed later.
 * Whether a write that ended so took effect is not known.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const { code, message = "" } = driverError(error);
  if (code !== undefined) {
    // Class 08 is connection exceptions, 57P the server going away, 58 the system's own errors.
    return unavailableCodes.has(code) || /^(08...|57P..|58...)$/.test(code);
  }
  return /Timeout acquiring a connection|Connection terminated|Query read timeout|timeout expired|timeout exceeded when trying to connect|Unable to acquire a connection|Client has encountered a connection error|connection is not queryable|Client was closed/i.test(
    message,
  );
}

/** The database does not answer yet, as one that is being started; only worth asking where it is on a network. */
export function mayBeStarting(error: unknown): boolean {
  const { code } = driverError(error);
  return (
    (code === undefined || !/^(SQLITE_|EACCES|EPERM|ENOENT|28|3D)/.test(code)) &&
    isDatabaseUnavailable(error)
  );
}

const whyNot: [codes: RegExp, why: string][] = [
  [/^28...$/, "refuses the user or the password, or a connection without ?sslmode=require"],
  [/^08P01$/, "refuses how it is spoken to; behind PgBouncer DATABASE_URL needs ?pgbouncer=true"],
  [/^3D000$/, "has no database of that name"],
  [/^(53300|57P03)$/, "takes no more connections now"],
  [/^SQLITE_(NOTADB|CORRUPT)$/, "is no SQLite file, or a damaged one"],
  [/^(SQLITE_(CANTOPEN|READONLY|PERM)|EACCES|EPERM)$/, "may not be opened or written by you"],
  [/^SQLITE_(BUSY|LOCKED)$/, "is held by another process"],
];

/** Why the database could not be asked anything, as the end of a sentence that begins with "it", for an operator. */
export function whyNoDatabase(error: unknown): string {
  const { code, message = "" } = driverError(error);
  if (code === undefined) {
    return /SSL/.test(message)
      ? "does not speak TLS, or its certificate is not trusted"
      : "does not answer";
  }
  return whyNot.find(([codes]) => codes.test(code))?.[1] ?? `cannot be reached (${code})`;
}

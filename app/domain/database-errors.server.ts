import { says, uniqueConstraintFailed } from "#app/domain/rules/says.ts";

/**
 * What the two drivers' errors mean. The only place that knows their codes and texts; none of it is
 * ever shown. Sources: PostgreSQL "Appendix A. Error Codes"; SQLite "Result and Error Codes".
 */

interface DriverError {
  code?: string;
  message?: string;
}

function driverError(error: unknown): DriverError {
  return typeof error === "object" && error !== null ? error : {};
}

/** The value already exists, in `companies.email`, say, or another unique column. */
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

/** PostgreSQL gave up a statement that took, or waited, longer than allowed. */
export function isStatementTimeout(error: unknown): boolean {
  return driverError(error).code === "57014";
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
  // PostgreSQL: query_canceled, too_many_connections, read_only_sql_transaction,
  // lock_not_available, disk_full
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
  "EISDIR",
  "EEXIST",
  "ENOTDIR",
]);

/**
 * The database is away, full, locked or too slow: the same request may succeed later.
 * A write that ended this way may or may not have taken effect.
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

const saidWithoutCode: [words: RegExp, code: string][] = [
  [/Timeout acquiring a connection|Unable to acquire a connection/, "POOL_TIMEOUT"],
  [/Query read timeout/, "QUERY_TIMEOUT"],
  [/timeout expired|timeout exceeded when trying to connect/, "CONNECT_TIMEOUT"],
  [
    /Connection terminated|Client has encountered a connection error|connection is not queryable|Client was closed/,
    "CONNECTION_CUT",
  ],
];

/**
 * The driver's own code for an error, or one of ours if it has only words; undefined for any other
 * error.
 */
export function databaseErrorCode(error: unknown): string | undefined {
  const { code, message = "" } = driverError(error);
  return code ?? saidWithoutCode.find(([words]) => words.test(message))?.[1];
}

/**
 * The database does not answer yet, as while it is starting; only worth asking if it is on a
 * network.
 */
export function mayBeStarting(error: unknown): boolean {
  const { code } = driverError(error);
  return (
    (code === undefined ||
      !/^(SQLITE_|EACCES|EPERM|ENOENT|EISDIR|EEXIST|ENOTDIR|28|3D|08P01)/.test(code)) &&
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
  [/^(EISDIR|EEXIST|ENOTDIR)$/, "is no file: its path names a folder, or leads through a file"],
  [/^SQLITE_(BUSY|LOCKED)$/, "is held by another process, which has to end its transaction"],
  [/^55P03$/, "is held by another transaction, which has to end (see pg_stat_activity)"],
  [/^57014$/, "took longer than the time-out that its role or DATABASE_URL sets"],
  [/^(SQLITE_FULL|53100)$/, "has no room left on its disk"],
  [/^25006$/, "takes no writes: a standby, or one that is set to read only"],
];

// An object's name, between whatever quotation marks the server's language has.
const quoted = /["“„«»‘'`]\s?([^"“”„«»‘’'`]+?)\s?["”“»«’'`]/;

/**
 * What is in the way of a schema change and how to remove it, as a sentence for an operator;
 * undefined if the error is about something else.
 */
export function whatIsInTheWay(error: unknown): string | undefined {
  const { code = "", message = "" } = driverError(error);
  if (code === "42501") return missingRight(said(message));
  const name =
    code === "SQLITE_ERROR"
      ? /(?:table|index|trigger|view) (?:named )?[`"]?(\w+)[`"]? already exists|already (?:an? )(?:table|index|view) named (\w+)/
          .exec(message)
          ?.slice(1)
          .find(Boolean)
      : /^(42P07|42710|42723|42P13)$/.test(code)
        ? (quoted.exec(said(message))?.[1] ?? /function (\w+)/.exec(said(message))?.[1] ?? "")
        : undefined;
  if (name === undefined) return undefined;
  return `There is already something called ${name ? `“${name}”` : "as one of this program's tables"} in the database that is not this program's. Rename it or drop it, then migrate again.`;
}

// Knex puts the statement before what the driver says.
const said = (message: string) => message.slice(message.lastIndexOf(" - ") + 1);

function missingRight(message: string): string {
  const [, what, name] =
    /(?:permission denied for|must be owner of) (\w+) "?([^"\s]+)/.exec(message) ?? [];
  const lacks = "The role of DATABASE_URL lacks a right that it needs";
  if (what === "schema") return `${lacks}: grant create on schema ${name} to it.`;
  if (what === "database") return `${lacks}: grant create on database ${name} to it.`;
  const object = what === "relation" ? "table" : what;
  return object && name
    ? `${lacks}, to ${object} ${name}: make it the owner (alter ${object} ${name} owner to …), or migrate as the owner.`
    : `${lacks}: make it the owner of companies and twilio_phone_numbers, and grant create on their schema to it.`;
}

/**
 * Why the database could not be reached, for an operator: the end of a sentence that begins with
 * "it".
 */
export function whyNoDatabase(error: unknown): string {
  const { code, message = "" } = driverError(error);
  if (code === undefined) {
    return /SSL/.test(message)
      ? "does not speak TLS, or its certificate is not trusted"
      : "does not answer";
  }
  return whyNot.find(([codes]) => codes.test(code))?.[1] ?? `cannot be reached (${code})`;
}

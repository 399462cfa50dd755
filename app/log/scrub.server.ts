import { postgresAddress } from "#app/postgres-address.ts";

/** Errors and texts in the form in which they may be logged or printed. */

/** An error as the log has it. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

/**
 * What is logged about an error: never its other fields, which may hold a statement's values.
 * @param withStack for faults of the program
 */
export function describeError(error: unknown, withStack = true): LoggedError {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: scrub(String(error)) };
  }
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === "string" && { code }),
    ...(withStack && error.stack && { stack: scrub(error.stack) }),
    ...(error.cause instanceof Error &&
      error.cause.cause !== error && {
        cause: describeError(error.cause, false),
      }),
  };
}

const longestText = 4_000;

/**
 * Removes from a text what may be secret: passwords in addresses, tokens, cookies, and this
 * process's own secrets.
 */
export function scrub(text: string): string {
  let scrubbed = text
    .slice(0, longestText)
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, "$1***@")
    .replace(/\bcpn_\w+/g, "cpn_***")
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]+/gi, "$1 ***")
    .replace(
      /\b((?:set-)?cookie|authorization|password\w*|passwd|token|secret)(["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
      "$1$2***",
    );
  for (const secret of ownSecrets()) {
    scrubbed = scrubbed.replaceAll(secret, "***");
  }
  return scrubbed;
}

function mailSecrets(url: string): string[] {
  if (!URL.canParse(url.trim())) return [];
  const { password } = new URL(url.trim());
  return [password, decodeURIComponent(password)];
}

function ownSecrets(): string[] {
  const {
    DATABASE_URL = "",
    SMTP_URL = "",
    TWILIO_AUTH_TOKEN = "",
    METRICS_TOKEN = "",
  } = process.env;
  const password = postgresAddress(DATABASE_URL.trim())?.password ?? "";
  return (
    [
      password,
      encodeURIComponent(password),
      ...mailSecrets(SMTP_URL),
      TWILIO_AUTH_TOKEN,
      METRICS_TOKEN,
    ]
      .map((secret) => secret.trim())
      // A shorter one could match inside ordinary words.
      .filter((secret) => secret.length >= 6)
  );
}
